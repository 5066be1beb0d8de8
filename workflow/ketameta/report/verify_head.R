# Refits every analysis of the report in metafor and compares. Generated: do not edit.
#
#   Rscript verify.R
#
# needs R with the package metafor (Debian: r-base-core and r-cran-metafor; tried with 3.8-1).
# Exit status 0 where every number agrees within its tolerance, 1 where one does not.
#
# Tolerances. Numbers are compared by |ours - metafor's| <= tolerance * max(1, |metafor's|).
#   1e-6  estimates, standard errors, intervals, tau2, Q. metafor stops REML at a change of 1e-5
#         by default; here at 1e-10, so that what is left is the arithmetic.
#   1e-4  Q-profile intervals: the root search of each program stops at its own step.
#   2e-3  the binomial-normal model: lme4 stops its search early. Where the two differ by more
#         than 1e-6 the likelihoods are compared too, both computed here by integrate(): ours
#         must not be lower.
suppressPackageStartupMessages(library(metafor))
CONTROL <- list(threshold = 1e-10, maxiter = 10000)
wrong <- 0
compared <- 0

same <- function(what, ours, theirs, tolerance = 1e-6) {
  if (is.na(ours)) return(invisible(TRUE))
  compared <<- compared + 1
  fine <- isTRUE(abs(ours - theirs) <= tolerance * max(1, abs(theirs)))
  if (!fine) {
    wrong <<- wrong + 1
    cat(sprintf("  DIFFERS  %-28s ours %.10g, metafor %.10g\n", what, ours, theirs))
  }
  invisible(fine)
}

finish <- function(name, before, counted, model) {
  cat(sprintf("%-28s %s  %d numbers, %s\n", name,
              if (wrong == before) "agrees " else "DIFFERS", compared - counted, model))
}

# the interval of the mean under one rule: z (Wald), knha (HKSJ) or adhoc (HKSJ floored)
interval <- function(yi, vi, method, level, test) {
  fit <- rma(yi, vi, method = method, test = test, level = 100 * level, control = CONTROL)
  c(fit$ci.lb, fit$ci.ub)
}

# where the searches end apart, the higher likelihood is right
tau2_agrees <- function(yi, vi, method, ours, fit) {
  if (method %in% c("REML", "ML") && abs(ours - fit$tau2) > 1e-6 * max(1, fit$tau2)) {
    at_ours <- logLik(rma(yi, vi, method = method, tau2 = ours))
    if (at_ours > logLik(fit) - 1e-9) {
      cat(sprintf("  metafor stopped lower: log-likelihood %.9f, at our tau2 %.9f\n",
                  logLik(fit), at_ours))
      return(invisible(TRUE))
    }
  }
  same("tau2", ours, fit$tau2)
}

# ours: named vector; NA where the report gives nothing
normal_normal <- function(name, yi, vi, method, test, prediction, level, ours, groups = NULL) {
  before <- wrong
  counted <- compared
  fit <- rma(yi, vi, method = method, test = test, level = 100 * level, control = CONTROL)
  same("estimate", ours["estimate"], c(fit$beta))
  same("standard error", ours["se"], fit$se)
  same("interval, lower", ours["ci_low"], fit$ci.lb)
  same("interval, upper", ours["ci_high"], fit$ci.ub)
  tau2_agrees(yi, vi, method, ours["tau2"], fit)
  same("I2", ours["i2"], fit$I2)
  same("Q", ours["q"], fit$QE)
  same("Q, p", ours["q_p"], fit$QEp)
  profile <- confint(fit, level = 100 * level, control = list(tol = 1e-12, tau2.max = 1e7))$random
  same("tau2, lower (Q-profile)", ours["tau2_low"], profile["tau^2", "ci.lb"], 1e-4)
  same("tau2, upper (Q-profile)", ours["tau2_high"], profile["tau^2", "ci.ub"], 1e-4)
  same("I2, lower (Q-profile)", ours["i2_low"], profile["I^2(%)", "ci.lb"], 1e-4)
  same("I2, upper (Q-profile)", ours["i2_high"], profile["I^2(%)", "ci.ub"], 1e-4)
  half <- prediction_half(prediction, length(yi), level, fit$tau2, fit$se)
  same("prediction, lower", ours["pi_low"], c(fit$beta) - half)
  same("prediction, upper", ours["pi_high"], c(fit$beta) + half)
  three_rules(yi, vi, method, level, ours)
  if (!is.null(groups)) between_groups(yi, vi, method, groups, ours)
  finish(name, before, counted, sprintf("%s, %s", method, test))
}

three_rules <- function(yi, vi, method, level, ours) {
  for (rule in c(wald = "z", hksj = "knha", floored = "adhoc")) {
    label <- c(z = "wald", knha = "hksj", adhoc = "floored")[[rule]]
    ends <- interval(yi, vi, method, level, rule)
    same(paste(label, "interval, lower"), ours[paste0(label, "_low")], ends[1])
    same(paste(label, "interval, upper"), ours[paste0(label, "_high")], ends[2])
  }
}

prediction_half <- function(rule, k, level, tau2, se) {
  if (k < 3) return(NA)
  p <- 0.5 + level / 2
  switch(rule, "k-1" = qt(p, k - 1), "k-2" = qt(p, k - 2), "normal" = qnorm(p),
         "hksj" = qt(p, k - 1)) * sqrt(tau2 + se^2)
}

between_groups <- function(yi, vi, method, groups, ours) {
  fits <- lapply(unique(groups), function(g) {
    rma(yi[groups == g], vi[groups == g], method = method, control = CONTROL)
  })
  b <- sapply(fits, function(f) c(f$beta))
  w <- 1 / sapply(fits, function(f) f$se^2)
  q <- sum(w * (b - sum(w * b) / sum(w))^2)
  same("Q between subgroups", ours["between_q"], q)
  same("Q between subgroups, p", ours["between_p"], pchisq(q, length(b) - 1, lower.tail = FALSE))
}

# effects that share a control arm: arms in trials, with the covariance of arms of one trial
three_levels <- function(name, yi, vi, shared, trial, level, ours) {
  before <- wrong
  counted <- compared
  V <- outer(trial, trial, "==") * sqrt(outer(shared, shared))
  diag(V) <- vi
  arm <- seq_along(yi)
  fit <- rma.mv(yi, V, random = ~ 1 | trial/arm, test = "t", level = 100 * level,
                control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14))
  same("estimate", ours["estimate"], c(fit$beta), 1e-5)
  same("standard error", ours["se"], fit$se, 1e-5)
  same("interval, lower", ours["ci_low"], fit$ci.lb, 1e-5)
  same("interval, upper", ours["ci_high"], fit$ci.ub, 1e-5)
  same("tau2", ours["tau2"], sum(fit$sigma2), 1e-4)
  same("Q", ours["q"], fit$QE)
  finish(name, before, counted, "three levels")
}

# log-likelihood of the binomial-normal model, by integrate() around each trial's own mode
binomial_normal <- function(mu, tau2, xi, ni) {
  tau <- sqrt(tau2)
  sum(mapply(function(x, n) {
    f <- function(u) dbinom(x, n, plogis(mu + tau * u), log = TRUE) + dnorm(u, log = TRUE)
    top <- optimize(f, c(-10, 10), maximum = TRUE, tol = 1e-10)
    inside <- integrate(function(u) exp(f(u) - top$objective), top$maximum - 12, top$maximum + 12,
                        rel.tol = 1e-10, subdivisions = 2000)
    log(inside$value) + top$objective
  }, xi, ni))
}

proportions <- function(name, xi, ni, yi, vi, method, prediction, level, ours) {
  before <- wrong
  counted <- compared
  fit <- rma.glmm(measure = "PLO", xi = xi, ni = ni, method = "ML", nAGQ = 50,
                  level = 100 * level,
                  control = list(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
  same("estimate", ours["estimate"], c(fit$beta), 2e-3)
  same("standard error", ours["se"], fit$se, 2e-3)
  same("interval, lower", ours["ci_low"], fit$ci.lb, 2e-3)
  same("interval, upper", ours["ci_high"], fit$ci.ub, 2e-3)
  same("tau2", ours["tau2"], fit$tau2, 2e-3)
  half <- prediction_half(prediction, length(xi), level, fit$tau2, fit$se)
  same("prediction, lower", ours["pi_low"], c(fit$beta) - half, 2e-3)
  same("prediction, upper", ours["pi_high"], c(fit$beta) + half, 2e-3)
  at_ours <- binomial_normal(ours["estimate"], ours["tau2"], xi, ni)
  at_theirs <- binomial_normal(c(fit$beta), fit$tau2, xi, ni)
  compared <<- compared + 1
  if (at_ours < at_theirs - 1e-7) {
    wrong <<- wrong + 1
    cat(sprintf("  DIFFERS  likelihood: ours %.10g, metafor %.10g\n", at_ours, at_theirs))
  }
  three_rules(yi, vi, method, level, ours)
  finish(name, before, counted, "binomial-normal")
}

one_trial <- function(name, yi, vi, level, ours) {
  before <- wrong
  counted <- compared
  half <- qnorm(0.5 + level / 2) * sqrt(vi)
  same("estimate", ours["estimate"], yi)
  same("interval, lower", ours["ci_low"], yi - half)
  same("interval, upper", ours["ci_high"], yi + half)
  finish(name, before, counted, "one trial, not pooled")
}

# effect sizes of parallel trials that report counts in both arms, straight from the counts
counts <- function(name, measure, ai, n1i, ci, n2i, yi, vi) {
  before <- wrong
  counted <- compared
  found <- escalc(measure, ai = ai, n1i = n1i, ci = ci, n2i = n2i)
  for (i in seq_along(yi)) {
    same(sprintf("yi, trial %d", i), yi[i], found$yi[i])
    same(sprintf("vi, trial %d", i), vi[i], found$vi[i])
  }
  finish(name, before, counted, sprintf("%s from counts by escalc", measure))
}

