"""The errors that a person can do something about."""


class JacspecError(Exception):
    """Base of all errors whose message alone tells what is wrong and what to do."""


class DataUnavailableError(JacspecError):
    """A data set could not be had from any of its sources."""


class UnusableDataError(JacspecError):
    """A file of points cannot be used as it is; the message says why, and what would do."""


class DamagedFileError(JacspecError):
    """A file does not hold what was written to it, or not what its name promises."""


class TrainingDivergedError(JacspecError):
    """The training loss stopped being a finite number."""


class AutoencoderError(JacspecError, ValueError):
    """An autoencoder, or points for it, cannot be taken as they are."""
