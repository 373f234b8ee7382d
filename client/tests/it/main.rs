//! Tests of the client.

mod conformance;
mod memory;
mod runtime;
