"""The type of every column of the CSV tables, by its name: a name means the same type in all tables."""

_TEXT = """
    a annotator b better biases bos candidate distances group kind largest measure metric parts pattern positions
    predictor published_largest question rates role row rows sample title token version why words
"""
_WHOLE = """
    bin changed checked chosen clipped comparable compared context contexts correct cut fresh_contexts interactions
    items_needed iterations linear_rules n n_token n_word nonzeros only_a only_b only_person only_predictor people
    position recovered same_sign seen size spans sparser step stories tried undecided validation
"""
_REAL = """
    accuracy accuracy_token accuracy_word bayes_loss best_linear_gap best_linear_l1 best_linear_loss chance
    confidence contribution correlation difference difference_high difference_low disagree dropped_share error gap
    high kappa l1 linear_loss loss loss_token loss_word low majority majority_rate noise_share objective observed
    orderings over_best p p_holm planted planted_centred seconds share temperature train_loss validation_accuracy
    validation_loss validation_se value weight
"""

COLUMN_TYPES: dict[str, type[str | int | float]] = {
    name: kind for kind, names in ((str, _TEXT), (int, _WHOLE), (float, _REAL)) for name in names.split()
}
