"""The type of every column of the CSV tables, by its name: a name means the same type in all tables."""

_TEXT = """
    a after against annotator b better biases bos candidate distances example examples group kind largest last
    measure metric origin other_token output part parts pattern positions predictor published_largest pushes
    question rates reads removed role row rows rule same_as sample source title token version why words writes
    wrong
"""
_WHOLE = """
    all_stories bin changed checked chosen clipped comparable compared confirmed context contexts correct cut
    distance fresh_contexts half half_any head held_out interactions interactions_found items_needed iterations
    kept kept_planted line linear_rules looked_at most n n_token n_word neuron nonzeros only_a only_b
    only_person only_predictor order other_position pairs_confirmed pairs_planted people position proposed
    proposed_planted reached recovered redundant same_sign seen size spans sparser step stories
    strongest_planted tokens tried undecided validation weights windows
"""
_REAL = """
    ablated accuracy accuracy_high accuracy_low accuracy_token accuracy_word active advantage agreement
    agreement_high agreement_low alone bayes_loss best_linear_gap best_linear_l1 best_linear_loss bits_per_byte
    came came_true chance claimed confidence conflict contribution control correlation coverage cutoff
    cutoff_high cutoff_low difference difference_high difference_low disagree dropped_share error expected
    exponent exponent_high exponent_low fit gain gap high kappa l1 linear_loss loss loss_added loss_token
    loss_word low majority majority_rate missing missing_high missing_low noise_share objective observed
    orderings over_best overlap p p_holm planted planted_centred precision probability q refitted refitted_high
    refitted_low seconds share share_high share_low temperature train_loss up_to up_to_high up_to_low
    validation_accuracy validation_last validation_loss validation_se value weight z
"""

COLUMN_TYPES: dict[str, type[str | int | float]] = {
    name: kind for kind, names in ((str, _TEXT), (int, _WHOLE), (float, _REAL)) for name in names.split()
}
