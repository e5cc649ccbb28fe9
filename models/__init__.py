"""The nouns of Carillon: tables, states, reasons, ids and events. Pure: no driver, no I/O, no clock of its own."""
