"""The works that method texts cite, by short name."""

from __future__ import annotations

from ketameta.report.references_counts import COUNTS

REFERENCES = COUNTS | {
    "Akl 2024": (
        "Akl EA, Khabsa J, Iannizzi C, and others. Extension of the PRISMA 2020 statement for "
        "living systematic reviews (PRISMA-LSR): checklist and explanation. BMJ 2024;387:e079183",
        "10.1136/bmj-2024-079183",
    ),
    "Altman 1991": (
        "Altman DG. Practical Statistics for Medical Research. London: Chapman and Hall, 1991",
        "10.1201/9780429258589",
    ),
    "Altman 1996": (
        "Altman DG, Bland JM. Statistics notes: Detecting skewness from summary information. BMJ "
        "1996;313:1200",
        "10.1136/bmj.313.7066.1200",
    ),
    "Altman 1998": (
        "Altman DG. Confidence intervals for the number needed to treat. BMJ 1998;317:1309–1312",
        "10.1136/bmj.317.7168.1309",
    ),
    "Atal 2019": (
        "Atal I, Porcher R, Boutron I, Ravaud P. The statistical significance of meta-analyses "
        "is frequently fragile: definition of a fragility index for meta-analyses. Journal of "
        "Clinical Epidemiology 2019;111:32–40",
        "10.1016/j.jclinepi.2019.03.012",
    ),
    "Cochrane Handbook": (
        "Higgins JPT, Thomas J, Chandler J, and others (editors). Cochrane Handbook for Systematic "
        "Reviews of Interventions, version 6. Chapters 6, 10, 14, 15 and 23",
        "10.1002/9781119536604",
    ),
    "Cohen 1960": (
        "Cohen J. A coefficient of agreement for nominal scales. Educational and Psychological "
        "Measurement 1960;20:37–46",
        "10.1177/001316446002000104",
    ),
    "Cohen 1968": (
        "Cohen J. Weighted kappa: nominal scale agreement with provision for scaled disagreement "
        "or partial credit. Psychological Bulletin 1968;70:213–220",
        "10.1037/h0026256",
    ),
    "DerSimonian 1986": (
        "DerSimonian R, Laird N. Meta-analysis in clinical trials. Controlled Clinical Trials "
        "1986;7:177–188",
        "10.1016/0197-2456(86)90046-2",
    ),
    "Dias 2010": (
        "Dias S, Welton NJ, Caldwell DM, Ades AE. Checking consistency in mixed treatment "
        "comparison meta-analysis. Statistics in Medicine 2010;29:932-44",
        "10.1002/sim.3767",
    ),
    "Gamble 2005": (
        "Gamble C, Hollis S. Uncertainty method improved on best-worst case analysis in a binary "
        "meta-analysis. Journal of Clinical Epidemiology 2005;58:579–588",
        "10.1016/j.jclinepi.2004.09.013",
    ),
    "Guyatt 2008": (
        "Guyatt GH, Oxman AD, Vist GE, and others. GRADE: an emerging consensus on rating quality "
        "of evidence and strength of recommendations. BMJ 2008;336:924–926",
        "10.1136/bmj.39489.470347.AD",
    ),
    "Guyatt 2011": (
        "Guyatt GH, Oxman AD, Kunz R, and others. GRADE guidelines 6: rating the quality of "
        "evidence – imprecision. Journal of Clinical Epidemiology 2011;64:1283–1293",
        "10.1016/j.jclinepi.2011.01.012",
    ),
    "Guyatt 2023": (
        "Guyatt G, Zhao Y, Mayer M, and others. GRADE guidance 36: updates to GRADE's approach to "
        "addressing inconsistency. Journal of Clinical Epidemiology 2023;158:70–83",
        "10.1016/j.jclinepi.2023.03.003",
    ),
    "Hardy 1996": (
        "Hardy RJ, Thompson SG. A likelihood approach to meta-analysis with random effects. "
        "Statistics in Medicine 1996;15:619–629",
        "10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A",
    ),
    "Hartung 2001": (
        "Hartung J, Knapp G. A refined method for the meta-analysis of controlled clinical trials "
        "with binary outcome. Statistics in Medicine 2001;20:3875–3889",
        "10.1002/sim.1009",
    ),
    "Hedges 1981": (
        "Hedges LV. Distribution theory for Glass's estimator of effect size and related "
        "estimators. Journal of Educational Statistics 1981;6:107–128",
        "10.3102/10769986006002107",
    ),
    "Henmi 2010": (
        "Henmi M, Copas JB. Confidence intervals for random effects meta-analysis and robustness "
        "to publication bias. Statistics in Medicine 2010;29:2969–2983",
        "10.1002/sim.4029",
    ),
    "Higgins 2002": (
        "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Statistics in "
        "Medicine 2002;21:1539–1558",
        "10.1002/sim.1186",
    ),
    "Harbord 2006": (
        "Harbord RM, Egger M, Sterne JAC. A modified test for small-study effects in meta-analyses "
        "of controlled trials with binary endpoints. Statistics in Medicine 2006;25:3443–3457",
        "10.1002/sim.2380",
    ),
    "Higgins 2004": (
        "Higgins JPT, Thompson SG. Controlling the risk of spurious findings from "
        "meta-regression. Statistics in Medicine 2004;23:1663–1682",
        "10.1002/sim.1752",
    ),
    "Higgins 2008": (
        "Higgins JPT, White IR, Wood AM. Imputation methods for missing outcome data in "
        "meta-analysis of clinical trials. Clinical Trials 2008;5:225–239",
        "10.1177/1740774508091600",
    ),
    "Higgins 2009": (
        "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects "
        "meta-analysis. Journal of the Royal Statistical Society A 2009;172:137–159",
        "10.1111/j.1467-985X.2008.00552.x",
    ),
    "Higgins 2012": (
        "Higgins JPT, Jackson D, Barrett JK, and others. Consistency and inconsistency in "
        "network meta-analysis: concepts and models for multi-arm studies. Research Synthesis "
        "Methods 2012;3:98-110",
        "10.1002/jrsm.1044",
    ),
    "Howard 2021": (
        "Howard SR, Ramdas A, McAuliffe J, Sekhon J. Time-uniform, nonparametric, nonasymptotic "
        "confidence sequences. Annals of Statistics 2021;49:1055–1080",
        "10.1214/20-AOS1991",
    ),
    "IntHout 2014": (
        "IntHout J, Ioannidis JPA, Borm GF. The Hartung-Knapp-Sidik-Jonkman method for random "
        "effects meta-analysis is straightforward and considerably outperforms the standard "
        "DerSimonian-Laird method. BMC Medical Research Methodology 2014;14:25",
        "10.1186/1471-2288-14-25",
    ),
    "Iorio 2015": (
        "Iorio A, Spencer FA, Falavigna M, and others. Use of GRADE for assessment of evidence "
        "about prognosis: rating confidence in estimates of event rates in broad categories of "
        "patients. BMJ 2015;350:h870",
        "10.1136/bmj.h870",
    ),
    "Jackson 2017": (
        "Jackson D, Law M, Rücker G, Schwarzer G. The Hartung-Knapp modification for "
        "random-effects meta-analysis: a useful refinement but are there any residual concerns? "
        "Statistics in Medicine 2017;36:3923–3934",
        "10.1002/sim.7411",
    ),
    "Knapp 2003": (
        "Knapp G, Hartung J. Improved tests for a random effects meta-regression with a single "
        "covariate. Statistics in Medicine 2003;22:2693–2710",
        "10.1002/sim.1482",
    ),
    "Konstantopoulos 2011": (
        "Konstantopoulos S. Fixed effects and variance components estimation in three-level "
        "meta-analysis. Research Synthesis Methods 2011;2:61–76",
        "10.1002/jrsm.35",
    ),
    "Krahn 2013": (
        "Krahn U, Binder H, König J. A graphical tool for locating inconsistency in network "
        "meta-analyses. BMC Medical Research Methodology 2013;13:35",
        "10.1186/1471-2288-13-35",
    ),
    "Lan 1983": (
        "Lan KKG, DeMets DL. Discrete sequential boundaries for clinical trials. Biometrika "
        "1983;70:659–663",
        "10.1093/biomet/70.3.659",
    ),
    "Lu 2004": (
        "Lu G, Ades AE. Combination of direct and indirect evidence in mixed treatment "
        "comparisons. Statistics in Medicine 2004;23:3105-24",
        "10.1002/sim.1875",
    ),
    "Mavridis 2015": (
        "Mavridis D, White IR, Higgins JPT, Cipriani A, Salanti G. Allowing for uncertainty due "
        "to missing continuous outcome data in pairwise and network meta-analysis. Statistics in "
        "Medicine 2015;34:721–741",
        "10.1002/sim.6365",
    ),
    "Olkin 2012": (
        "Olkin I, Dahabreh IJ, Trikalinos TA. GOSH: a graphical display of study heterogeneity. "
        "Research Synthesis Methods 2012;3:214–223",
        "10.1002/jrsm.1053",
    ),
    "Owen 2014": (
        "Owen AB. Sobol' indices and Shapley value. SIAM/ASA Journal on Uncertainty Quantification "
        "2014;2:245–251",
        "10.1137/130936233",
    ),
    "Page 2021": (
        "Page MJ, McKenzie JE, Bossuyt PM, and others. The PRISMA 2020 statement: an updated "
        "guideline for reporting systematic reviews. BMJ 2021;372:n71",
        "10.1136/bmj.n71",
    ),
    "Page 2023": (
        "Page MJ, Sterne JAC, Boutron I, and others. ROB-ME: a tool for assessing risk of bias due "
        "to missing evidence in systematic reviews with meta-analysis. BMJ 2023;383:e076754",
        "10.1136/bmj-2023-076754",
    ),
    "Partlett 2017": (
        "Partlett C, Riley RD. Random effects meta-analysis: coverage performance of 95% "
        "confidence and prediction intervals following REML estimation. Statistics in Medicine "
        "2017;36:301–317",
        "10.1002/sim.7140",
    ),
    "Paule 1982": (
        "Paule RC, Mandel J. Consensus values and weighting factors. Journal of Research of the "
        "National Bureau of Standards 1982;87:377–385",
        "10.6028/jres.087.022",
    ),
    "Pustejovsky 2022": (
        "Pustejovsky JE, Tipton E. Meta-analysis with robust variance estimation: expanding the "
        "range of working models. Prevention Science 2022;23:425–438",
        "10.1007/s11121-021-01246-3",
    ),
    "Rhodes 2015": (
        "Rhodes KM, Turner RM, Higgins JPT. Predictive distributions were developed for the extent "
        "of heterogeneity in meta-analyses of continuous outcome data. Journal of Clinical "
        "Epidemiology 2015;68:52–60",
        "10.1016/j.jclinepi.2014.08.012",
    ),
    "Roloff 2013": (
        "Roloff V, Higgins JPT, Sutton AJ. Planning future studies based on the conditional "
        "power of a meta-analysis. Statistics in Medicine 2013;32:11–24",
        "10.1002/sim.5524",
    ),
    "Röver 2015": (
        "Röver C, Knapp G, Friede T. Hartung-Knapp-Sidik-Jonkman approach and its modification for "
        "random-effects meta-analysis with few studies. BMC Medical Research Methodology "
        "2015;15:99",
        "10.1186/s12874-015-0091-1",
    ),
    "Röver 2020": (
        "Röver C. Bayesian random-effects meta-analysis using the bayesmeta R package. Journal of "
        "Statistical Software 2020;93(6):1–51",
        "10.18637/jss.v093.i06",
    ),
    "Röver 2021": (
        "Röver C, Bender R, Dias S, and others. On weakly informative prior distributions for the "
        "heterogeneity parameter in Bayesian random-effects meta-analysis. Research Synthesis "
        "Methods 2021;12:448–474",
        "10.1002/jrsm.1475",
    ),
    "Rücker 2015": (
        "Rücker G, Schwarzer G. Ranking treatments in frequentist network meta-analysis works "
        "without resampling methods. BMC Medical Research Methodology 2015;15:58",
        "10.1186/s12874-015-0060-8",
    ),
    "Salanti 2008": (
        "Salanti G, Higgins JPT, Ades AE, Ioannidis JPA. Evaluation of networks of randomized "
        "trials. Statistical Methods in Medical Research 2008;17:279-301",
        "10.1177/0962280207080643",
    ),
    "Salanti 2011": (
        "Salanti G, Ades AE, Ioannidis JPA. Graphical methods and numerical summaries for "
        "presenting results from multiple-treatment meta-analysis: an overview and tutorial. "
        "Journal of Clinical Epidemiology 2011;64:163-71",
        "10.1016/j.jclinepi.2010.03.016",
    ),
    "Santesso 2020": (
        "Santesso N, Glenton C, Dahm P, and others. GRADE guidelines 26: informative statements to "
        "communicate the findings of systematic reviews of interventions. Journal of Clinical "
        "Epidemiology 2020;119:126–135",
        "10.1016/j.jclinepi.2019.10.014",
    ),
    "Sidik 2002": (
        "Sidik K, Jonkman JN. A simple confidence interval for meta-analysis. Statistics in "
        "Medicine 2002;21:3153–3159",
        "10.1002/sim.1262",
    ),
    "Duval 2000": (
        "Duval S, Tweedie R. A nonparametric trim and fill method of accounting for publication "
        "bias in meta-analysis. Journal of the American Statistical Association 2000;95:89–98",
        "10.1080/01621459.2000.10473905",
    ),
    "Egger 1997": (
        "Egger M, Davey Smith G, Schneider M, Minder C. Bias in meta-analysis detected by a "
        "simple, graphical test. BMJ 1997;315:629–634",
        "10.1136/bmj.315.7109.629",
    ),
    "Peters 2006": (
        "Peters JL, Sutton AJ, Jones DR, and others. Comparison of two methods to detect "
        "publication bias in meta-analysis. JAMA 2006;295:676–680",
        "10.1001/jama.295.6.676",
    ),
    "Pustejovsky 2019": (
        "Pustejovsky JE, Rodgers MA. Testing for funnel plot asymmetry of standardized mean "
        "differences. Research Synthesis Methods 2019;10:57–71",
        "10.1002/jrsm.1332",
    ),
    "Rücker 2011": (
        "Rücker G, Schwarzer G, Carpenter JR, and others. Treatment-effect estimates adjusted for "
        "small-study effects via a limit meta-analysis. Biostatistics 2011;12:122–142",
        "10.1093/biostatistics/kxq046",
    ),
    "Stanley 2014": (
        "Stanley TD, Doucouliagos H. Meta-regression approximations to reduce publication "
        "selection bias. Research Synthesis Methods 2014;5:60–78",
        "10.1002/jrsm.1095",
    ),
    "Vevea 1995": (
        "Vevea JL, Hedges LV. A general linear model for estimating effect size in the presence "
        "of publication bias. Psychometrika 1995;60:419–435",
        "10.1007/BF02294384",
    ),
    "Sterne 2019": (
        "Sterne JAC, Savović J, Page MJ, and others. RoB 2: a revised tool for assessing risk of "
        "bias in randomised trials. BMJ 2019;366:l4898",
        "10.1136/bmj.l4898",
    ),
    "Sterne 2011": (
        "Sterne JAC, Sutton AJ, Ioannidis JPA, and others. Recommendations for examining and "
        "interpreting funnel plot asymmetry in meta-analyses of randomised controlled trials. BMJ "
        "2011;343:d4002",
        "10.1136/bmj.d4002",
    ),
    "White 2008": (
        "White IR, Higgins JPT, Wood AM. Allowing for uncertainty due to missing data in "
        "meta-analysis, part 1: two-stage methods. Statistics in Medicine 2008;27:711–727",
        "10.1002/sim.3008",
    ),
    "ter Schure 2022": (
        "ter Schure J, Grünwald P. ALL-IN meta-analysis: breathing life into living systematic "
        "reviews. F1000Research 2022;11:549",
        "10.12688/f1000research.74223.1",
    ),
    "Tipton 2015": (
        "Tipton E. Small sample adjustments for robust variance estimation with meta-regression. "
        "Psychological Methods 2015;20:375–393",
        "10.1037/met0000011",
    ),
    "Veroniki 2019": (
        "Veroniki AA, Jackson D, Bender R, and others. Methods to calculate uncertainty in the "
        "estimated overall effect size from a random-effects meta-analysis. Research Synthesis "
        "Methods 2019;10:23–43",
        "10.1002/jrsm.1319",
    ),
    "Turner 2015": (
        "Turner RM, Jackson D, Wei Y, Thompson SG, Higgins JPT. Predictive distributions for "
        "between-study heterogeneity and simple methods for their application in Bayesian "
        "meta-analysis. Statistics in Medicine 2015;34:984–998",
        "10.1002/sim.6381",
    ),
    "Viechtbauer 2005": (
        "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the "
        "random-effects model. Journal of Educational and Behavioral Statistics 2005;30:261–293",
        "10.3102/10769986030003261",
    ),
    "Viechtbauer 2007": (
        "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. "
        "Statistics in Medicine 2007;26:37–52",
        "10.1002/sim.2514",
    ),
    "Viechtbauer 2010": (
        "Viechtbauer W. Conducting meta-analyses in R with the metafor package. Journal of "
        "Statistical Software 2010;36(3):1–48",
        "10.18637/jss.v036.i03",
    ),
    "Wetterslev 2009": (
        "Wetterslev J, Thorlund K, Brok J, Gluud C. Estimating required information size by "
        "quantifying diversity in random-effects model meta-analyses. BMC Medical Research "
        "Methodology 2009;9:86",
        "10.1186/1471-2288-9-86",
    ),
    "Wiksten 2016": (
        "Wiksten A, Rücker G, Schwarzer G. Hartung-Knapp method is not always conservative "
        "compared with fixed-effect meta-analysis. Statistics in Medicine 2016;35:2503–2515",
        "10.1002/sim.6879",
    ),
    "Wilkinson 2025": (
        "Wilkinson J, Heal C, Flemyng E, and others. INSPECT-SR: a tool for assessing "
        "trustworthiness of randomised controlled trials. medRxiv 2025;preprint:25334905",
        "10.1101/2025.09.03.25334905",
    ),
    "Zeng 2022": (
        "Zeng L, Brignardello-Petersen R, Hultcrantz M, and others. GRADE guidance 34: update on "
        "rating imprecision using a minimally contextualized approach. Journal of Clinical "
        "Epidemiology 2022;150:216–224",
        "10.1016/j.jclinepi.2022.07.014",
    ),
}
