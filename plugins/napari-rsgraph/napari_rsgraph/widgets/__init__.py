"""Controls that several parts of the window are made of: buttons, icons, names, one clock for refreshing."""
