"""What things are: frozen values, enums and tables, without I/O."""
