//! Tests of the contribution engine, by theme.
//!
//! | module | tests |
//! |---|---|
//! | `row`, `graph` | the rules for a row, and the handling of invalid rows |
//! | `post` | when a post is due, how far a row moved, what flows over an edge |
//! | `invariants` | conservation, interruption, arbitrary bytes |
//! | `definition` | the sweep in `u128`, the reference of `invariants` |
//! | `oracle` | agreement with a literal Algorithm 1, in `f64` and in integers with 44 more bits |
//! | `vectors` | exact values of two small markets, and one digest of all bits |
//! | `digests` | pinned results of the benchmark graphs, uninterrupted and interrupted |
//! | `limits` | extreme sizes, stakes and graphs |
//! | `payout`, `emission` | Algorithm 2: exact payment of `σ`, sums of the schedule |
//! | `example` | the `solve` example on CSV files |

mod algorithm;
mod case;
mod definition;
mod digests;
mod emission;
mod example;
mod graph;
mod invariants;
mod limits;
mod oracle;
mod payout;
mod post;
mod row;
mod vectors;
