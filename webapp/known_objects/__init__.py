"""Known objects: versions of orbit catalogues, what they say of the subjects, and the list of the unidentified."""
