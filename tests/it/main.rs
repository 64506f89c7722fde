//! Whole-system tests, and tests of the house itself.

mod architecture;
mod house;
mod source;
