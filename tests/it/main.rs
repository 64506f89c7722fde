//! Whole-system tests, and tests of the house itself.

mod architecture;
mod closing;
mod house;
mod source;
