"""Paper and pictures: a station's poster, its card to forward. Floor 4: looks at stations and the catalogue."""
