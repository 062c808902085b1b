"""What goes to the provincial platform and comes back: outbox, inbox, envelope, signing, channels, worker. Floor 2."""
