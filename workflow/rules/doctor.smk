"""A check of all results that there are: `snakemake doctor`. Nothing is made; no part of `all`."""


# Without input, so that nothing is computed first. Without output and benchmark, which Snakemake
# would take for one, so that it runs whenever it is asked for.
rule doctor:
    log:
        "logs/doctor.log",
    localrule: True
    conda:
        ENVIRONMENT
    threads: 1
    resources:
        mem_mb=megabytes(1500),
        runtime=minutes(lambda wildcards: 600),
        gpu=0,
    params:
        jobs=lambda wildcards: planned_jobs(workflow, rules.all.input),
        folders=FOLDERS,
        options=lambda wildcards: command_line(workflow),
    script:
        "../scripts/doctor.py"
