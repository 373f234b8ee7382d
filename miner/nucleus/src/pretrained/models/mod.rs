//! The models, one file each.

pub(crate) mod char_lstm;
pub(crate) mod glove;
pub(crate) mod minilm;
pub(crate) mod use_v3;

/// Texts in their order, as many together as have at most `limit` tokens; a longer one is alone.
fn batches(texts: &[Vec<u32>], limit: usize) -> impl Iterator<Item = &[Vec<u32>]> {
	let mut rest = texts;
	std::iter::from_fn(move || {
		let mut tokens = 0;
		let fits = |text: &&Vec<u32>| {
			tokens += text.len();
			tokens <= limit
		};
		let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
		let (batch, after) = rest.split_at(count);
		rest = after;
		(!batch.is_empty()).then_some(batch)
	})
}

#[cfg(test)]
mod tests {
	#[test]
	fn batches_keep_the_order_and_the_limit() {
		let texts: Vec<Vec<u32>> = [3, 3, 4, 1, 12, 2].map(|length| vec![7; length]).into();
		let sizes: Vec<usize> = super::batches(&texts, 10).map(<[_]>::len).collect();
		assert_eq!(sizes, [3, 1, 1, 1]);
		assert_eq!(super::batches(&[], 10).count(), 0);
	}
}
