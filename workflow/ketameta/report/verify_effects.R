# --- trial effects from the numbers of their arms ----------------------------------------------

# yi and vi of ours against what escalc() or a formula gives; `sign` -1 where a scale runs the other way
each_trial <- function(name, trials, yi, vi, found, how, sign = 1) {
  before <- state()
  recomputed <<- recomputed + length(yi)
  for (i in seq_along(yi)) {
    same(paste("yi of", trials[i]), yi[i], (sign * found$yi)[i])
    same(paste("vi of", trials[i]), vi[i], found$vi[i])
  }
  finish(name, before, how)
}

counts <- function(name, trials, measure, ai, n1i, ci, n2i, yi, vi) {
  found <- escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i)
  each_trial(name, trials, yi, vi, found, sprintf("%s from counts by escalc", measure))
}

shares <- function(name, trials, xi, ni, yi, vi) {
  each_trial(name, trials, yi, vi, escalc("PLO", xi = xi, ni = ni), "log odds by escalc")
}

means <- function(name, trials, measure, m1i, sd1i, n1i, m2i, sd2i, n2i, yi, vi, sign) {
  found <- escalc(measure, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i)
  each_trial(name, trials, yi, vi, found, sprintf("%s from means by escalc", measure), sign)
}

# the same people in both periods: a half in each cell where one is empty, the correlation held to
# what the margins allow, the fourfold table of pairs that it makes, and escalc() of that table
crossover_counts <- function(name, trials, measure, ai, ci, ni, r, yi, vi) {
  add <- ifelse(ai == 0 | ci == 0 | ai == ni | ci == ni, 0.5, 0)
  p <- (ai + add) / (ni + 2 * add)
  q <- (ci + add) / (ni + 2 * add)
  n <- ni + 2 * add
  least <- pmin(p, q)
  most <- pmax(p, q)
  r <- pmin(r, sqrt(least * (1 - most) / (most * (1 - least))))
  both <- n * (p * q + r * sqrt(p * (1 - p) * q * (1 - q)))
  only_t <- n * p - both
  only_c <- n * q - both
  found <- escalc(c(RR = "MPRR", OR = "MPOR", RD = "MPRD")[[measure]], ai = both, bi = only_t,
                  ci = only_c, di = n - both - only_t - only_c, to = "none")
  # in metafor the covariance in MPOR is that of Becker & Balagtas, as here
  each_trial(name, trials, yi, vi, found, sprintf("%s of pairs by escalc", measure))
}

# r: as assumed; NA where a reported paired difference tells it, by its standard error or interval
# paired: what escalc() calls the measure of pairs; it has none of the standardised one
crossover_means <- function(name, trials, paired, m1i, sd1i, m2i, sd2i, ni, r, se, low, high, at,
                            yi, vi, sign) {
  se <- ifelse(is.na(se), (high - low) / (2 * qt(0.5 + at / 2, ni - 1)), se)
  r <- ifelse(is.na(r), (sd1i^2 + sd2i^2 - ni * se^2) / (2 * sd1i * sd2i), r)
  if (paired != "SMDX") {
    found <- escalc(paired, m1i = m1i, sd1i = sd1i, m2i = m2i, sd2i = sd2i, ni = ni, ri = r)
    how <- sprintf("%s of pairs by escalc", paired)
  } else {
    nu <- 2 * (ni - 1) / (1 + r^2)
    j <- exp(lgamma(nu / 2) - lgamma((nu - 1) / 2)) / sqrt(nu / 2)
    g <- j * (m1i - m2i) / sqrt((sd1i^2 + sd2i^2) / 2)
    found <- list(yi = g, vi = 2 * (1 - r) / ni + g^2 / (2 * nu))
    how <- "g of pairs by formula"
  }
  each_trial(name, trials, yi, vi, found, how, sign)
}

# --- absolute effects --------------------------------------------------------------------------

# pooled: estimate, lower and upper end on the scale of the analysis; ours: a list of the numbers of
# one assumed risk, in the same order of ends
absolute <- function(name, measure, pooled, by, ci, n2i, ours) {
  before <- state()
  risk <- if (by == "median") median(ci / n2i) else sum(ci) / sum(n2i)
  same("assumed control risk", ours$risk, risk)
  treated <- switch(measure, RR = risk * exp(pooled), RD = risk + pooled,
                    OR = risk * exp(pooled) / (1 - risk + risk * exp(pooled)))
  treated <- pmin(pmax(treated, 0), 1)
  ends <- c("", ", lower", ", upper")
  for (i in seq_along(ends)) {
    same(paste0("risk under treatment", ends[i]), ours$treated[i], treated[i])
    same(paste0("risk difference", ends[i]), ours$difference[i], treated[i] - risk)
    same(paste0("number needed to treat", ends[i]), ours$nnt[i], 1 / (treated[i] - risk))
  }
  finish(name, before, sprintf("risks from the %s of the control arms", by))
}

in_points <- function(name, pooled, sds, sd, points) {
  before <- state()
  same("typical SD", sd, median(sds))
  for (i in 1:3) same(c("points", "points, lower", "points, upper")[i], points[i], pooled[i] * sd)
  finish(name, before, "points of a scale")
}

# falls of treated and control arms of the same trials; their difference with its normal interval
pairs_of_arms <- function(name, treated, control, low, high, method, test, level, ours) {
  before <- state()
  d <- treated - control
  vi <- ((high - low) / (2 * qnorm(0.5 + level / 2)))^2
  if (length(d) == 1) {
    fit <- list(beta = d, ci.lb = low, ci.ub = high, tau2 = 0)
  } else {
    fit <- normal_fit(name, d, vi, method, level)
    if (test == "auto") test <- chosen(d, vi, method, level, fit$tau2)
    fit <- normal_fit(name, d, vi, method, level, test)
  }
  w <- 1 / (vi + fit$tau2)
  same("estimate", ours["estimate"], c(fit$beta))
  same("interval, lower", ours["ci_low"], fit$ci.lb)
  same("interval, upper", ours["ci_high"], fit$ci.ub)
  same("fall of the treated", ours["treated"], sum(w * treated) / sum(w))
  same("fall of the controls", ours["control"], sum(w * control) / sum(w))
  same("share", ours["share"], sum(w * control) / sum(w * treated))
  finish(name, before, "pairs of arms")
}

# --- groups ------------------------------------------------------------------------------------

regression <- function(what, yi, vi, X, method, test) {
  fit <- function(control) rma(yi, vi, mods = X, intercept = FALSE, method = method, test = test,
                               control = control)
  fitted_or_said(what, function() fit(CONTROL), function() fit(c(CONTROL, stepadj = 0.5)),
                 function() fit(c(CONTROL, stepadj = 0.1)))
}

# groups that share one tau2: cell means of a regression, HKSJ with k - groups degrees of freedom; a
# trial alone in its group is its own effect; a group that is not known is not compared
common_groups <- function(name, yi, vi, method, rule, level, group, ours, q, p) {
  before <- state()
  labels <- unique(group)
  X <- sapply(labels, function(g) as.numeric(group == g))
  size <- colSums(X)
  z <- qnorm(0.5 + level / 2)
  if (length(yi) > length(labels)) {
    fit <- regression(name, yi, vi, X, method, "z")
    df <- length(yi) - length(labels)
    scale <- sum((yi - X %*% fit$beta)^2 / (vi + fit$tau2)) / df
    if (rule == "adhoc") scale <- max(scale, 1)
    wide <- qt(0.5 + level / 2, df) * sqrt(scale)
    if (rule == "z" || (rule == "auto" && (fit$tau2 == 0 || df == 1) && wide <= z)) wide <- z
    if (method == "EE" && rule == "auto") wide <- z
  }
  for (i in seq_along(labels)) {
    one <- size[i] == 1
    at <- if (one) yi[group == labels[i]] else fit$beta[i]
    half <- if (one) z * sqrt(vi[group == labels[i]]) else wide * fit$se[i]
    own <- ours[[labels[i]]]
    if (is.null(own)) next
    same(paste("estimate of", labels[i]), own[1], at)
    same(paste("lower end of", labels[i]), own[2], at - half)
    same(paste("upper end of", labels[i]), own[3], at + half)
    if (!one) same(paste("tau2 of", labels[i]), own[4], fit$tau2)
  }
  known <- group != ""
  between(yi[known], vi[known], method, group[known], q, p)
  finish(name, before, "groups with one tau2")
}

between <- function(yi, vi, method, group, q, p) {
  if (is.na(q)) return(invisible(TRUE))
  if (length(yi) == length(unique(group))) {
    b <- yi
    w <- 1 / vi
  } else {
    X <- sapply(unique(group), function(g) as.numeric(group == g))
    fit <- regression("test between groups", yi, vi, X, method, "z")
    b <- c(fit$beta)
    w <- 1 / fit$se^2
  }
  found <- sum(w * (b - sum(w * b) / sum(w))^2)
  same("Q between groups", q, found)
  same("Q between groups, p", p, pchisq(found, length(b) - 1, lower.tail = FALSE))
}

# --- small-study effects -----------------------------------------------------------------------

slope <- function(yi, vi, x, treated = NULL) {
  of <- if (is.null(treated)) lm(yi ~ x, weights = 1 / vi) else lm(yi ~ x + treated, weights = 1 / vi)
  found <- coef(summary(of))
  if (!("x" %in% rownames(found)) || of$df.residual < 1) return(c(NA, NA))
  found["x", c(1, 4)]
}

# test: Peters, Harbord, Pustejovsky and Rodgers, or Egger; NA where none is made
small_studies <- function(name, yi, vi, test, ai, n1i, ci, n2i, crossover, treated, ours) {
  before <- state()
  line <- regtest(yi, vi, model = "lm", predictor = "sei")
  same("Egger's t", ours["statistic"], line$zval)
  same("Egger's p", ours["p"], line$pval)
  same("Egger's limit", ours["limit"], line$est)
  if (!is.na(test)) {
    if (test == "Harbord") {
      score <- escalc("PETO", ai = ai, n1i = n1i, ci = ci, n2i = n2i, add = 0)
      yi <- c(score$yi)
      vi <- score$vi
    }
    v <- switch(test, Peters = 1 / (ai + ci) + 1 / (n1i + n2i - ai - ci), Egger = vi, Harbord = vi,
                1 / n1i + 1 / n2i)
    x <- if (test == "Peters") 1 / (n1i + n2i) else sqrt(v)
    use <- is.finite(yi + v + x)
    take <- function(rows, by = NULL) slope(yi[rows], v[rows], x[rows], by)
    found <- take(use)
    same(paste("slope,", test), ours["test_slope"], found[1])
    same(paste("p,", test), ours["test_p"], found[2])
    same("p without crossovers", ours["without_crossovers_p"], take(use & !crossover)[2])
    several <- length(unique(treated[use])) > 1
    same("p within treatments", ours["adjusted_p"], take(use, if (several) factor(treated[use]))[2])
  }
  finish(name, before, "small-study effects by regtest and lm")
}

# --- Mantel and Haenszel -----------------------------------------------------------------------

mantel_haenszel <- function(name, measure, ai, n1i, ci, n2i, level, ours) {
  before <- state()
  fit <- rma.mh(measure = measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i, level = 100 * level)
  common_effect(fit, ours)
  finish(name, before, "Mantel-Haenszel by rma.mh")
}

peto <- function(name, ai, n1i, ci, n2i, level, ours) {
  before <- state()
  common_effect(rma.peto(ai = ai, n1i = n1i, ci = ci, n2i = n2i, level = 100 * level), ours)
  finish(name, before, "Peto by rma.peto")
}

common_effect <- function(fit, ours) {
  same("estimate", ours["estimate"], c(fit$beta))
  same("standard error", ours["se"], fit$se)
  same("interval, lower", ours["ci_low"], fit$ci.lb)
  same("interval, upper", ours["ci_high"], fit$ci.ub)
  same("Q", ours["q"], fit$QE)
  same("Q, p", ours["q_p"], fit$QEp)
  same("I2", ours["i2"], fit$I2)
}

# a meta-regression: the columns `x` besides the intercept, and our coefficients in their order
meta_regression <- function(name, yi, vi, x, method, test, level, estimate, se, ci_low, ci_high,
                            p, ours) {
  before <- state()
  x <- do.call(cbind, x)
  fit <- fitted_or_said(name, function() {
    rma(yi, vi, mods = x, method = method, test = test, level = 100 * level,
        control = c(CONTROL, tau2.max = 10 * length(yi) * (diff(range(yi))^2 + max(vi))))
  })
  if (!is.null(fit)) {
    tau2_agrees_on(yi, vi, x, method, ours[["tau2"]], fit)
    # where the searches end a hair apart the coefficients follow
    for (i in seq_along(estimate)) {
      same(paste("coefficient", i - 1), estimate[i], fit$beta[i], 1e-5)
      same(paste("its standard error", i - 1), se[i], fit$se[i], 1e-5)
      same(paste("its interval, lower", i - 1), ci_low[i], fit$ci.lb[i], 1e-5)
      same(paste("its interval, upper", i - 1), ci_high[i], fit$ci.ub[i], 1e-5)
      same(paste("its p", i - 1), p[i], fit$pval[i], 1e-5)
    }
    same("I2", ours["i2"], fit$I2, 1e-4)
    if (length(fit$R2) == 1) same("R2", ours["r2"], fit$R2, 1e-4)
    same("test of moderators", ours["qm"], fit$QM, 1e-5)
    same("test of moderators, p", ours["qm_p"], fit$QMp, 1e-5)
  }
  finish(name, before, sprintf("meta-regression, %s, %s", method, test))
}

# effects of arms on their doses: arms in trials, a restricted cubic spline with knots at the 10th,
# 50th and 90th percentile where the line bends
arms_by_dose <- function(name, yi, vi, shared, trial, dose, step, bends, level, estimate, se, ci_low,
                         ci_high, tau2) {
  before <- state()
  V <- outer(trial, trial, "==") * sqrt(outer(shared, shared))
  diag(V) <- vi
  x <- cbind(dose / step)
  if (bends) {
    knots <- unname(quantile(dose, c(0.1, 0.5, 0.9)))
    up <- function(knot) pmax(dose - knot, 0)^3
    cubic <- up(knots[1]) - up(knots[2]) * (knots[3] - knots[1]) / (knots[3] - knots[2]) +
      up(knots[3]) * (knots[2] - knots[1]) / (knots[3] - knots[2])
    x <- cbind(x, cubic / (knots[3] - knots[1])^2 / step)
  }
  arm <- seq_along(yi)
  fit <- fitted_or_said(name, function() {
    rma.mv(yi, V, mods = x, random = ~ 1 | trial/arm, test = "t", level = 100 * level,
           control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14))
  }, function() {
    rma.mv(yi, V, mods = x, random = ~ 1 | trial/arm, test = "t", level = 100 * level)
  })
  if (!is.null(fit)) {
    for (i in seq_along(estimate)) {
      same(paste("coefficient", i - 1), estimate[i], fit$beta[i], 1e-4)
      same(paste("its standard error", i - 1), se[i], fit$se[i], 1e-4)
      same(paste("its interval, lower", i - 1), ci_low[i], fit$ci.lb[i], 1e-4)
      same(paste("its interval, upper", i - 1), ci_high[i], fit$ci.ub[i], 1e-4)
    }
    same("tau2", tau2, sum(fit$sigma2), 1e-4)
  }
  finish(name, before, "arms by dose, three levels")
}

# as tau2_agrees, of a regression
tau2_agrees_on <- function(yi, vi, x, method, ours, fit) {
  if (method %in% c("REML", "ML") && abs(ours - fit$tau2) > 1e-6 * max(1, fit$tau2)) {
    at_ours <- logLik(rma(yi, vi, mods = x, method = method, tau2 = ours))
    if (at_ours > logLik(fit) - 1e-9) {
      cat(sprintf("  metafor stopped lower: log-likelihood %.9f, at our tau2 %.9f\n",
                  logLik(fit), at_ours))
      return(invisible(TRUE))
    }
  }
  same("tau2", ours, fit$tau2)
}

# mixed models of odds ratios. Where our tau2 is 0 the model without it is fitted: metafor's search
# ends near 0, where it has no standard error
# The beta-binomial model, which metafor has not: its highest likelihood searched by optim, and the
# binomial one where no correlation within arms is likelier.
beta_binomial <- function(name, measure, ai, n1i, ci, n2i, level, ours) {
  before <- state()
  below <- function(x) {
    p <- plogis(x[1:2])
    if (length(x) == 2)
      return(-sum(dbinom(ai, n1i, p[1], log = TRUE) + dbinom(ci, n2i, p[2], log = TRUE)))
    size <- exp(min(-x[3], 12)) # beyond it rounding would pass for likelihood
    arm <- function(k, n, m)
      lchoose(n, k) + lbeta(k + m * size, n - k + (1 - m) * size) - lbeta(m * size, (1 - m) * size)
    -sum(arm(ai, n1i, p[1]) + arm(ci, n2i, p[2]))
  }
  crude <- qlogis(c(sum(ai) / sum(n1i), sum(ci) / sum(n2i)))
  ends <- lapply(c(-5, -1), function(start)
    optim(c(crude, start), below, control = list(reltol = 1e-15, maxit = 5000)))
  best <- ends[[which.min(sapply(ends, function(end) end$value))]]
  at <- if (best$value < below(crude) - 1e-7) best$par else crude
  p <- plogis(at[1:2])
  slope <- switch(measure, OR = c(1, -1), RR = c(1 - p[1], p[2] - 1),
                  RD = c(p[1] * (1 - p[1]), -p[2] * (1 - p[2])))
  beta <- switch(measure, OR = at[1] - at[2], RR = log(p[1] / p[2]), RD = p[1] - p[2])
  se <- sqrt(c(slope %*% solve(optimHess(at, below))[1:2, 1:2] %*% slope))
  half <- qnorm((1 + level) / 2) * se
  same("estimate", ours["estimate"], beta, 1e-4)
  same("standard error", ours["se"], se, 1e-3)
  same("interval, lower", ours["ci_low"], beta - half, 1e-3)
  same("interval, upper", ours["ci_high"], beta + half, 1e-3)
  finish(name, before, "beta-binomial by optim")
}

odds_ratios <- function(name, ai, n1i, ci, n2i, way, prediction, level, ours) {
  before <- state()
  search <- list(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
  if (way == "CM.EL") search <- list(dnchgcalc = "dnoncenhypergeom")
  fit <- fitted_or_said(name, function() {
    rma.glmm(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, model = way,
             method = if (ours["tau2"] == 0) "EE" else "ML",
             nAGQ = c(UM.FS = 50, UM.RS = 1, CM.EL = 7)[[way]], level = 100 * level,
             control = search)
  })
  close <- c(UM.FS = 2e-3, UM.RS = 3e-2, CM.EL = 2e-3)[[way]]
  wide <- max(close, 1e-2)
  same("estimate", ours["estimate"], c(fit$beta), close)
  same("tau2", ours["tau2"], fit$tau2, close)
  same("standard error", ours["se"], fit$se, wide)
  same("interval, lower", ours["ci_low"], fit$ci.lb, wide)
  same("interval, upper", ours["ci_high"], fit$ci.ub, wide)
  half <- prediction_half("k-1", length(ai), level, fit$tau2, fit$se)
  same("prediction, lower", ours["pi_low"], c(fit$beta) - half, wide)
  same("prediction, upper", ours["pi_high"], c(fit$beta) + half, wide)
  same("Q", ours["q"], fit$QE.LRT, close)
  finish(name, before, sprintf("%s by rma.glmm", way))
}

