"""The schedules, in Prefect: thin flows that call the pipeline's steps, and what keeps them running.

The only package that imports Prefect. Like the command line, it supplies the clock, the environment and the
user; what it hands to Prefect is a run id and the names of steps, nothing that tells who called.
"""
