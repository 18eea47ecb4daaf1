"""The checks of make doctor, a module for each subject. Each yields findings."""
