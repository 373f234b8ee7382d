//! Grads of upstreams: from ∂L/∂y to a gradient that waits for the next step, and errors to send on.

use crate::{
	component::{leaves::Leaves, Component},
	error::Result,
	learning::{function_part, guard::staleness},
	model::{Grad, GradReport, Verdict},
	tensors,
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
		let rows = grad.texts.len();
		let error = tensors::rows(grad.error, rows, "error ∂y of a Grad")?;
		let error = tensors::from_rows(error, &self.device)?;
		let (raw, _) = self.inputs.read(grad.d, rows)?;
		let encoded = self.shape.encoder.forward(grad.texts)?;
		let leaves = Leaves::new(&self.inputs, encoded.vectors(), &raw, None, &self.device)?;
		let joined = self.shape.joiner.forward(leaves.centred())?;
		// The gradient of Σ y ⊙ ∂y is ∂y at y: the error goes on from there.
		let grads = (joined.y * error)?.sum_all()?.backward()?;
		let gradient = self.gradient(&grads, &*encoded, &leaves, 1.0)?;
		let gradient = function_part(&self.parameters, gradient);
		if !self.learner.add(grad.source, grad.push, &gradient, scale, &self.config) {
			return refuse(Verdict::Faint);
		}
		let errors = self.errors(&leaves.gradients(&grads)?)?;
		Ok(GradReport { verdict: Verdict::Accepted, errors })
	}
}
