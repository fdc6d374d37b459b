"""Diversity: batches spread over feature space, typical subjects first, no near-duplicates."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Array = NDArray[Any]
Rows = NDArray[np.intp]
CLUSTERS = 20
"""Clusters that take turns. A small batch needs few: with more, each is too small to be a kind of subject."""
NEIGHBOURS = 20
NEAR = 0.02
"""Near-duplicates are nearer than this fraction of the typical distance from the mean."""
FLAT = 1e-6
COMPONENTS = 16
"""Principal components that distances are measured in; in hundreds of dimensions all distances look alike."""


def embed(features: Array) -> NDArray[np.float32]:
    """Return features (N, D) as their first principal components (N, at most `COMPONENTS`), of standardised columns.

    Rows with NaN (no features) are placed at the mean.
    """
    x = np.array(features, dtype=np.float32)
    known = np.isfinite(x).all(1)
    x[~known] = x[known].mean(0) if known.any() else 0
    scale = x.std(0)
    x = (x - x.mean(0)) / np.where(scale > FLAT, scale, 1)
    last = x.shape[1] - 1
    axes = eigh(x.T @ x, subset_by_index=(max(0, last + 1 - COMPONENTS), last))[1]
    return np.asarray(x @ axes[:, ::-1], dtype=np.float32)


def cluster(embedded: Array, k: int, rng: np.random.Generator) -> Rows:
    """Return the k-means cluster (N,) of each row, 0 to k - 1."""
    from sklearn.cluster import MiniBatchKMeans  # slow to import, and most processes never cluster
    from sklearn.exceptions import ConvergenceWarning

    k = min(k, len(embedded))
    means = MiniBatchKMeans(k, n_init=1, batch_size=1024, random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters
        return np.asarray(means.fit(embedded).labels_, dtype=np.intp)


def spread(value: Array, clusters: Rows) -> Rows:
    """Return an order (N,) that takes the best of each cluster, then the second best of each, and so on.

    Within a turn, larger values come first. Any first part of the order is spread over the clusters.

    Examples
    --------
    >>> spread(np.array([0.9, 0.8, 0.7, 0.1]), np.array([0, 0, 0, 1]))
    array([0, 3, 1, 2])
    """
    by_cluster = np.lexsort((-value, clusters))
    starts = np.flatnonzero(np.diff(clusters[by_cluster], prepend=-1))
    turn = np.empty(len(value), dtype=np.intp)
    turn[by_cluster] = np.arange(len(value)) - np.repeat(starts, np.diff(starts, append=len(value)))
    return np.lexsort((-value, turn))


def typicality(embedded: Array, clusters: Rows) -> NDArray[np.float64]:
    """Return the inverse mean distance to the nearest neighbours of the same cluster (N,): the density there.

    At most `NEIGHBOURS` neighbours count; a row alone in its cluster has 0. Source: Hacohen, Dekel & Weinshall 2022,
    ICML (TypiClust), equation 1.
    """
    found = np.zeros(len(embedded))
    for members in _members(clusters):
        if len(members) > 1:
            points = embedded[members]
            distances = cKDTree(points).query(points, min(NEIGHBOURS + 1, len(members)))[0][:, 1:]
            found[members] = 1 / (distances.mean(1) + 1e-12)
    return found


def near_duplicates(embedded: Array) -> Rows:
    """Return a number (N,) for each row that near-duplicates share: rows nearer than `NEAR` of the typical distance.

    The typical distance is the root mean square distance from the mean. Chains of near-duplicates have one number.
    """
    typical = np.sqrt(np.square(embedded - embedded.mean(0)).sum(1).mean())
    distinct, place = np.unique(embedded, axis=0, return_inverse=True)  # n copies would have n² / 2 pairs
    pairs = cKDTree(distinct).query_pairs(NEAR * typical, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(distinct),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1][place], dtype=np.intp)


def _members(clusters: Rows) -> list[Rows]:
    by_cluster = np.argsort(clusters, kind="stable")
    return np.split(by_cluster, np.flatnonzero(np.diff(clusters[by_cluster])) + 1)
