"""The accuracy of methods on tasks, seed by seed: what makes the stored tables.

``make accuracy`` runs it; :mod:`spikereg.results` reads what it stored.
"""
