"""The type of every column of the CSV tables, by its name: a name means the same type in all tables."""

_TEXT = """
    a annotator b better biases bos candidate distances examples group kind largest measure metric origin other_token
    parts pattern positions predictor published_largest pushes question rates removed role row rows rule same_as
    sample title token version why words wrong
"""
_WHOLE = """
    all_stories bin changed checked chosen clipped comparable compared confirmed context contexts correct cut
    fresh_contexts held_out interactions interactions_found items_needed iterations kept kept_planted line
    linear_rules looked_at n n_token n_word nonzeros only_a only_b only_person only_predictor other_position
    pairs_confirmed pairs_planted people position proposed proposed_planted reached recovered redundant
    same_sign seen size spans sparser step stories strongest_planted tokens tried undecided validation weights
"""
_REAL = """
    accuracy accuracy_token accuracy_word advantage alone bayes_loss best_linear_gap best_linear_l1 best_linear_loss
    came chance confidence conflict contribution correlation coverage difference difference_high difference_low disagree
    dropped_share error expected gain gap high kappa l1 linear_loss loss loss_added loss_token loss_word low majority
    majority_rate noise_share objective observed orderings over_best overlap p p_holm planted planted_centred
    precision q refitted refitted_high refitted_low seconds share share_high share_low temperature train_loss up_to
    up_to_high up_to_low validation_accuracy validation_loss validation_se value weight z
"""

COLUMN_TYPES: dict[str, type[str | int | float]] = {
    name: kind for kind, names in ((str, _TEXT), (int, _WHOLE), (float, _REAL)) for name in names.split()
}
