//! From text to the component's own vector (slot 0).

mod cbow;

pub(crate) use cbow::{Cbow, Tokens};
