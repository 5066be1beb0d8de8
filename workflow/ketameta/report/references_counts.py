"""The works that method texts cite on pooling counts, by short name."""

from __future__ import annotations

COUNTS = {
    "Greenland 1985": (
        "Greenland S, Robins JM. Estimation of a common effect parameter from sparse follow-up "
        "data. Biometrics 1985;41:55–68",
        "10.2307/2530643",
    ),
    "Jackson 2018": (
        "Jackson D, Law M, Stijnen T, Viechtbauer W, White IR. A comparison of seven "
        "random-effects models for meta-analyses that estimate the summary odds ratio. Statistics "
        "in Medicine 2018;37:1059–1085",
        "10.1002/sim.7588",
    ),
    "Kuss 2015": (
        "Kuss O. Statistical methods for meta-analyses including information from studies without "
        "any events: add nothing to nothing and succeed nevertheless. Statistics in Medicine "
        "2015;34:1097–1116",
        "10.1002/sim.6383",
    ),
    "Mantel 1959": (
        "Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective "
        "studies of disease. Journal of the National Cancer Institute 1959;22:719–748",
        "10.1093/jnci/22.4.719",
    ),
    "Robins 1986": (
        "Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance consistent "
        "in both sparse data and large-strata limiting models. Biometrics 1986;42:311–323",
        "10.2307/2531052",
    ),
    "Stijnen 2010": (
        "Stijnen T, Hamza TH, Özdemir P. Random effects meta-analysis of event outcome in the "
        "framework of the generalized linear mixed model with applications in sparse data. "
        "Statistics in Medicine 2010;29:3046–3067",
        "10.1002/sim.4040",
    ),
    "Yusuf 1985": (
        "Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Beta blockade during and after "
        "myocardial infarction: an overview of the randomized trials. Progress in Cardiovascular "
        "Diseases 1985;27:335–371",
        "10.1016/S0033-0620(85)80003-7",
    ),
}
