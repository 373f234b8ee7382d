//! Tests of the client.

mod memory;
mod runtime;
