"""What ``halfulp describe`` shows: pages of formats and schemes, value lines, tables of codes, pictures."""
