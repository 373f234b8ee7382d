//! Grads of upstreams: from ∂L/∂y of passages and ∂L/∂v of words to gradients that wait for the next
//! step, and errors to send on.

use candle_core::Tensor;

use crate::{
	component::{
		evaluate::{rows_of, scatter, Split},
		leaves::Leaves,
		Component,
	},
	config::DIM,
	error::{NucleusError, Result},
	inputs::Raw,
	learning::{function_part, guard::staleness, Gradient, Message},
	model::{Grad, GradReport, Verdict},
	tensors,
	tokenizer::UNKNOWN_ID,
};

impl Component {
	pub(super) fn accumulate_grad(&mut self, grad: Grad) -> Result<GradReport> {
		let none = vec![None; self.config.inputs];
		let refuse = |verdict| Ok(GradReport { verdict, errors: none.clone() });
		if !(grad.push.is_finite() && grad.push > 0.0) {
			return refuse(Verdict::NoBid);
		}
		let lag = self.version.saturating_sub(grad.version);
		let scale = staleness(lag, self.config.max_lag);
		if scale == 0.0 {
			return refuse(Verdict::Stale);
		}
		if !self.learner.admits(&grad.source, grad.push, &self.config) {
			return refuse(Verdict::Outbid);
		}
		if self.canary.suspends(&grad.source) {
			return refuse(Verdict::Suspended);
		}
		let rows = grad.texts.len();
		let error = tensors::rows(grad.error, rows, "error ∂y of a Grad")?;
		let (raw, _) = self.inputs.read(grad.d, rows)?;
		if rows == 0 {
			return Err(NucleusError::EmptyBatch);
		}
		let Split { mut words, passages } = self.split(grad.texts)?;
		words.retain(|(_, id)| *id != UNKNOWN_ID);
		if words.is_empty() && passages.is_empty() {
			return refuse(Verdict::UnknownWords);
		}
		let of_words = match words.is_empty() {
			true => None,
			false => Some(self.of_words(&words, &error)?),
		};
		let (of_passages, errors) = match passages.is_empty() {
			true => (None, none.clone()),
			false => {
				let (gradient, errors) = self.of_passages(&grad, &passages, &raw, &error)?;
				(Some(gradient), errors)
			}
		};
		let covers = words.len() as f64 / self.shape.objective.vocabulary().len().max(1) as f64;
		let message = Message {
			source: grad.source,
			push: grad.push,
			scale,
			passages: of_passages.as_ref(),
			words: of_words.as_ref().map(|gradient| (gradient, covers)),
		};
		if !self.learner.add(&message, &self.config) {
			return refuse(Verdict::Faint);
		}
		Ok(GradReport { verdict: Verdict::Accepted, errors })
	}

	/// The gradient of f from the errors of words.
	fn of_words(&self, words: &[(usize, u32)], error: &[f32]) -> Result<Gradient> {
		let ids: Vec<u32> = words.iter().map(|(_, id)| *id).collect();
		let rows = words.iter().flat_map(|(row, _)| &error[row * DIM..(row + 1) * DIM]);
		let rows: Vec<f32> = rows.copied().collect();
		let gradient = self.shape.objective.words_backward(&ids, &rows)?;
		Ok(function_part(&self.parameters, gradient))
	}

	/// The gradient of f from the errors of passages, and the errors of their inputs, `[B, m]` with
	/// zeros for words.
	fn of_passages(
		&self,
		grad: &Grad,
		passages: &[usize],
		raw: &Raw,
		error: &[f32],
	) -> Result<(Gradient, Vec<Option<Tensor>>)> {
		let texts: Vec<String> = passages.iter().map(|&row| grad.texts[row].clone()).collect();
		let raw = rows_of(raw, passages);
		let rows = passages.iter().flat_map(|&row| &error[row * DIM..(row + 1) * DIM]);
		let error = tensors::from_rows(rows.copied().collect(), &self.device)?;
		let encoded = self.shape.encoder.forward(&texts, None)?;
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), &raw, None, &self.device)?;
		let joined = self.shape.joiner.forward(self.weighed(leaves.centred())?, None)?;
		// The gradient of Σ y ⊙ ∂y is ∂y at y: the error goes on from there.
		let grads = (joined.y * error)?.sum_all()?.backward()?;
		let gradient = self.gradient(Gradient::default(), &grads, &*encoded, &leaves, 1.0)?;
		let gradient = function_part(&self.parameters, gradient);
		let errors = self.errors(&leaves.gradients(&grads)?)?;
		if passages.len() == grad.texts.len() {
			return Ok((gradient, errors));
		}
		let spread = |error: Option<Tensor>| -> Result<Option<Tensor>> {
			let Some(error) = error else { return Ok(None) };
			let mut all = vec![0_f32; grad.texts.len() * DIM];
			scatter(&error, passages.iter().copied(), &mut all)?;
			Ok(Some(tensors::from_rows(all, &self.device)?))
		};
		Ok((gradient, errors.into_iter().map(spread).collect::<Result<_>>()?))
	}
}
