//! The worker's side of the pipe.

use std::process::ExitCode;

/// What `unisson worker` does: answers requests on its standard input until that ends.
pub fn worker_main() -> ExitCode {
    ExitCode::SUCCESS
}
