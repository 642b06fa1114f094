"""An independent check of spectra shards against the weights and points they were made from.

No numerical code of the other stages is used, so that none of their mistakes can be made twice.
"""
