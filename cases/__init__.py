"""What a resident asks for: filings of every item, authorisation, papers, states, deadlines, receipts. Floor 4."""
