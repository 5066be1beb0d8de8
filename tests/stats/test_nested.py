"""The quick likelihood of nested effects is that of any patterns; columns' units do not matter."""

import numpy as np
import pytest

from ketameta.stats import cluster_robust, three_level, working_covariance
from ketameta.stats.dependent.mixed import Blocks, MixedLikelihood, stacks
from ketameta.stats.dependent.nested import Nested
from ketameta.stats.dependent.structures import variances
from ketameta.stats.numerics.newton import ascend


def made(seed, clusters=6, size=19, columns=2, rho=0.6):
    """Effects, covariance, clusters, inner units and design, clusters of several sizes."""
    draw = np.random.default_rng(seed)
    cluster = np.concatenate([np.arange(clusters), draw.integers(0, clusters, size - clusters)])
    v = 10 ** draw.uniform(-2, 0, size)
    X = np.column_stack([np.ones(size), draw.normal(size=(size, columns - 1))])
    y = draw.normal(0, 0.5, clusters)[cluster] + draw.normal(0, np.sqrt(v + 0.1))
    return y, working_covariance(v, cluster, rho), cluster, draw.integers(0, 3, size), X


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("own", [True, False])
def test_quick_and_dense_likelihood_have_one_value_gradient_and_curvature(reml, own):
    y, V, cluster, inner, X = made(4)
    inner = np.arange(y.size) if own else inner
    Q = np.linalg.qr(X)[0]
    blocks = Blocks.of(cluster)
    patterns = np.ones((y.size, y.size)), (inner[:, None] == inner).astype(float)
    dense = MixedLikelihood(
        y=blocks.column(y),
        X=blocks.column(Q),
        V=blocks.square(V, 1.0),
        E=np.stack([blocks.square(pattern, 0.0) for pattern in patterns]),
        shape=variances(2),
        k=y.size,
        reml=reml,
    )
    quick = Nested.of(np.column_stack([Q, y]), V, inner, stacks(cluster), reml=reml)
    for s in ([0.5, 0.2], [0.0, 0.3], [2.0, 0.0], [0.01, 3.0], [0.0, 0.0]):
        for found, wanted in zip(quick.curved(np.array(s)), dense.curved(np.array(s)), strict=True):
            assert found == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        for found, wanted in zip(quick.solved(np.array(s)), dense.solved(np.array(s)), strict=True):
            assert found == pytest.approx(wanted, rel=1e-9)


def test_unit_and_origin_of_a_column_do_not_matter():
    y, V, cluster, _, X = made(7)
    years = np.column_stack([np.ones(y.size), 2000 + 3 * X[:, 1]])
    near, far = three_level(y, V, cluster, X=X), three_level(y, V, cluster, X=years)
    assert near.converged
    assert far.converged
    assert far.log_likelihood == pytest.approx(near.log_likelihood, abs=1e-9)
    assert far.sigma2 == pytest.approx(near.sigma2, rel=1e-8)
    assert 3 * far.beta[1] == pytest.approx(near.beta[1], rel=1e-9)
    assert far.qe == pytest.approx(near.qe, rel=1e-9)
    first, second = (cluster_robust(y, near.covariance, cluster, design) for design in (X, years))
    assert second.df[1] == pytest.approx(first.df[1], rel=1e-8)
    assert second.statistic[1] == pytest.approx(first.statistic[1], rel=1e-8)


def test_the_higher_of_two_tops_is_found_also_where_the_grid_prefers_the_lower():
    y = np.array([-0.04, -0.11, -0.42, 0.41, 0.13, 0.28])
    v = np.array([0.0061, 0.0068, 0.025, 0.0084, 0.0062, 0.033])
    cluster = np.array([0, 1, 2, 3, 1, 0])
    Q, unit = np.full((6, 1), 1 / np.sqrt(6)), y.std()
    columns = np.column_stack([Q, y / unit])
    quick = Nested.of(columns, np.diag(v) / unit**2, np.arange(6), stacks(cluster), reml=True)
    lower, higher = (
        ascend(quick.curved, start, np.full(2, -np.inf), np.full(2, np.inf))
        for start in quick.begin()
    )
    assert higher.value > lower.value + 1e-3
    fit = three_level(y, v, cluster)
    assert fit.converged
    assert fit.sigma2 == pytest.approx((higher.at * unit) ** 2, rel=1e-8)
    # the lower top has no variance between clusters
    assert lower.at[0] == pytest.approx(0, abs=1e-6)
    assert fit.sigma2[0] > 0.04
