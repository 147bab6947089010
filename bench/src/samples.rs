//! Medians and percentiles.

/// The middle of some figures.
pub(crate) fn median(figures: &[f64]) -> f64 {
    percentile(figures, 0.5)
}

/// The figure below which a share of them lies.
pub(crate) fn percentile(figures: &[f64], share: f64) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    // A share of at most 1 of a length that fits memory.
    sorted.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}
