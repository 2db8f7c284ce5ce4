"""People as a baseline: the page that asks them, the files of their answers, and how they did.

    labels.py    the label files in `human/labels/`: which belong to a build, what is refused
    people.py    scores, agreement and tests, beside every predictor on the same items
    page.py      the labelling page: one file, from what lies in `template/`

A person gives answers, not probabilities: people have an accuracy and no loss.
"""
