"""Commands for operators, for a deployment or the local stack: reconcile, rebuild, doctor."""
