//! Tests by theme. Each checks all invariants after every block and compares every payout with the
//! contribution crate: [`crate::mock`].

mod api;
mod bond;
mod epoch;
mod genesis;
mod governance;
mod graphs;
mod keys;
mod leave;
mod pages;
mod register;
mod row;
mod sequence;
mod spans;
mod stake;
mod void_edges;
mod weights;
