"""The page that a person opens: one HTML file with everything inside, from what a sweep has made.

`model_view` reduces a model's shards to what the explorer shows, `figures` and `tables` turn the
tables of a sweep into charts, `headline` into sentences, `run_record` says what was run, and `page`
puts it all into one file, together with `page.html`, `page.css` and `page.js`.
"""
