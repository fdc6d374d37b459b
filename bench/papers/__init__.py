"""`make papers`: what the papers' models and ours reach on our simulations of their skies, as docs/papers.md.

Each paper has a module here, named in `PAPERS`, with a `PAPER`: its title, source, skies and rows. A row is a few
commands of `python -m ml`, run one after the other, and the figures read from the JSON they print. No figure is typed
by hand: results/ROW.json is the output of a run, results/skies/SKY.json the S/N, magnitudes and rates of a sky
(`--skies`), and the page is made from these alone.

`{sky}` in a command stands for the folder of the simulated sky with that name in `PAPER.skies`, made once for all rows;
`{out}` for the row's own folder.
"""
