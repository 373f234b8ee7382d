//! Serving the vectors of words.
//!
//! A Spike of words only, sent by its root with a ttl of 0, has no onward calls, no joiner, and nobody
//! to share its run with. Its answer is not kept; the texts are, so that the error that the sender
//! gathers over many of its steps can be taken in later.

use super::{
	admission::Admitted,
	cache::{Computation, Key},
	core::Core,
	spike::{checked, refusal},
};
use bittensor_wire::{limits::is_word, Spike, SpikeAnswer, WireError};
use metrics::counter;
use std::sync::Arc;

/// Work of a word, in units of a passage: no onward calls and no joiner.
pub(crate) const WORD_COST: f64 = 1.0 / 8.0;

/// Whether a Spike asks for words.
pub(crate) fn asks_words(spike: &Spike) -> bool {
	spike.ttl == 0 && spike.path.len() == 1 && spike.texts.iter().all(|text| is_word(text))
}

/// Work of a Spike, in units of a passage.
pub(crate) fn cost(spike: &Spike) -> f64 {
	spike.texts.len() as f64 * if asks_words(spike) { WORD_COST } else { 1.0 }
}

/// Answers a Spike of words.
pub(crate) async fn serve(
	core: &Arc<Core>,
	admitted: &Admitted,
	spike: &Spike,
) -> Result<SpikeAnswer, WireError> {
	let (caller, flow) = core.admission.caller(admitted);
	let output = {
		let _place = core.work.enter(caller, flow, cost(spike))?.wait().await?;
		core.component.spike(spike.texts.clone(), Vec::new()).await
	};
	let output = checked(output.map_err(|error| refusal(&error))?, spike)?;
	let computation = Computation::of_words(spike.texts.clone(), output.version);
	core.words.insert_for(Key::of_spike(spike), computation, admitted.header.from);
	counter!("bittensor_miner_words_served_total").increment(spike.texts.len() as u64);
	Ok(SpikeAnswer { output: Some(output.vectors), version: output.version, hops: Vec::new() })
}

#[cfg(test)]
mod tests {
	use super::*;

	fn spike(ttl: u32, texts: &[&str]) -> Spike {
		let texts = texts.iter().map(|text| text.to_string()).collect();
		Spike::new([1; 32], ttl, texts).expect("good texts")
	}

	#[test]
	fn words_that_their_root_asks_for_cost_an_eighth_of_a_passage() {
		assert_eq!(cost(&spike(0, &["the", "whale", "sea", "rose"])), 0.5);
		assert_eq!(cost(&spike(0, &["the whale", "sea"])), 2.0);
		assert_eq!(cost(&spike(1, &["whale"])), 1.0, "it causes onward calls");
		let onward = spike(1, &["whale"]).onward([2; 32]).expect("it has hops");
		assert_eq!(cost(&onward), 1.0);
	}
}
