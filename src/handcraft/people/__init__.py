"""People as a baseline: label files, the labelling page, scores, agreement, power.

Primary data lies in `human/` of the checkout.

Modules: `agreement`, `evaluate`, `labels`, `page`, `power`.
"""
