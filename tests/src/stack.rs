//! Placeholder for the deployed stack.
