"""Who does the work: threads of this machine, or a cloud queue's workers."""
