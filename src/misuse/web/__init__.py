"""The review room: pages over the published copy and the casebook, and the only importer of the web framework.

Pages are plain functions from a `Visit` to an answer; `routes.ROUTES` says once which page stands where, for whom, and
what of it is recorded. Everything that changes something goes through `misuse.room`.
"""
