//! Tests of the runtime as a whole, run natively.
//!
//! | module | what |
//! |---|---|
//! | `presets` | the chains that the presets make |
//! | `limits` | block limits, and that everything fits them at every slot length |
//! | `proxies` | what each kind of proxy may do |
//! | `blocks` | whole blocks with signed extrinsics, from genesis to the first payout |
//! | `epoch` | epochs of 65,536 components, against the pure crate |
//! | `documentation` | that everything of our own is documented, and that clients' metadata is current |

mod blocks;
mod chain;
mod documentation;
mod epoch;
mod limits;
mod presets;
mod proxies;
