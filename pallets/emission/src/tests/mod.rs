//! Tests by theme. Every one runs all invariants after every block, and compares each payout with
//! the pure crate's: [`crate::mock`].

mod api;
mod epoch;
mod genesis;
mod graphs;
mod leave;
mod pages;
mod register;
mod row;
mod sequence;
mod spans;
mod stake;
mod void_edges;
mod weights;
