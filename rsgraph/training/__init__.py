"""Training and inference of encoders and GNNs: LightningModules and the assembly of the Trainer."""
