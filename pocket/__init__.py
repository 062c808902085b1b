"""What a resident keeps on the phone: one county's stations and items, without network. Floor 4."""
