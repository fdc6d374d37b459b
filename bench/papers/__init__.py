"""`make papers`: what the papers' models and ours reach on our simulations of their skies, as docs/papers.md.

Each paper has a module here, named in `PAPERS`, with a `PAPER`: its title, source, skies and rows. A row is a few
commands of `python -m ml`, run one after the other, and the figures that are read from the JSON they print. Nothing is
typed by hand: results/ROW.json is what a run left, results/skies/SKY.json how faint, bright and fast a sky is
(`--skies`), and the page is made of these alone.

`{sky}` in a command stands for the folder of a simulated sky named so in `PAPER.skies`, made once for all rows; `{out}`
for a folder of the row's own.
"""
