//! Tests of the contribution engine, by theme.
//!
//! | module | what must hold |
//! |---|---|
//! | `row`, `graph` | what a row may be, and what becomes of rows that may not |
//! | `invariants` | conservation, interruption, any bytes |
//! | `definition` | the sweep over `u128`, which the invariants compare with |
//! | `oracle` | agreement with a literal Algorithm 1, in `f64` and with 44 more bits |
//! | `vectors` | exact values of two small markets, and one digest of all bits |
//! | `digests` | the bits of the benchmark graphs, whole and interrupted |
//! | `limits` | extreme sizes, stakes and graphs |
//! | `payout`, `emission` | Algorithm 2: `σ` exact, the schedule's sums |
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
mod row;
mod vectors;
