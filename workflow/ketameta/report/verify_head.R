# Refits every analysis of the report in metafor and compares. Generated: do not edit.
#
#   Rscript verify.R
#
# needs R with the package metafor (Debian: r-base-core and r-cran-metafor; tried with 3.8-1).
# Exit status 0 where every number agrees within its tolerance, 1 where one does not. A model that
# metafor cannot fit is named with metafor's reason, and the rest is compared.
#
# Tolerances. Numbers are compared by |ours - metafor's| <= tolerance * max(1, |metafor's|).
#   1e-6  effects, estimates, standard errors, intervals, tau2, Q, tests, risks. metafor stops REML
#         at a change of 1e-5 and Paule-Mandel's root search at 1e-4 by default; here at 1e-10 and
#         1e-12, so that what is left is the arithmetic.
#   1e-4  Q-profile intervals: the root search of each program stops at its own step.
#   2e-3  the binomial-normal model: lme4 stops its search early. Where the two differ by more
#         than 1e-6 the likelihoods are compared too, both computed here by integrate(): ours
#         must not be lower. Of odds ratios by UM.FS and CM.EL too; 1e-2 for their errors and
#         intervals, since metafor takes second derivatives by steps.
#   3e-2  odds ratios by UM.RS: metafor has the Laplace approximation, this report a quadrature.
suppressPackageStartupMessages(library(metafor))
CONTROL <- list(threshold = 1e-10, maxiter = 10000, tol = 1e-12)
wrong <- 0
compared <- 0
unfitted <- 0
recomputed <- 0

# the first of several ways to fit a model that metafor does not give up; NULL where it gives up all,
# and then nothing of that model is compared
fitted_or_said <- function(what, ...) {
  why <- ""
  for (way in list(...)) {
    fit <- tryCatch(
      withCallingHandlers(way(), warning = function(w) {
        # metafor says itself that the numbers of such a fit mean little
        if (grepl("numerically singular|able to obtain stable", conditionMessage(w))) {
          stop(conditionMessage(w))
        }
      }),
      error = function(e) {
        why <<- gsub("\\s+", " ", conditionMessage(e))
        NULL
      }
    )
    if (!is.null(fit)) return(fit)
  }
  unfitted <<- unfitted + 1
  cat(sprintf("  NOT FITTED  %s: metafor says: %s\n", what, why))
  NULL
}

normal_fit <- function(what, yi, vi, method, level = 0.95, test = "z") {
  most <- 10 * length(yi) * (diff(range(yi))^2 + max(vi))
  fit <- function(control) {
    control <- c(control, tau2.max = most)
    rma(yi, vi, method = method, test = test, level = 100 * level, control = control)
  }
  fitted_or_said(what, function() fit(CONTROL), function() fit(c(CONTROL, stepadj = 0.5)),
                 function() fit(c(CONTROL, stepadj = 0.1)))
}

same <- function(what, ours, theirs, tolerance = 1e-6) {
  if (is.na(ours) || length(theirs) == 0) return(invisible(TRUE))
  if (is.na(theirs)) {
    cat(sprintf("  metafor gives no %s\n", what))
    return(invisible(TRUE))
  }
  compared <<- compared + 1
  fine <- isTRUE(abs(ours - theirs) <= tolerance * max(1, abs(theirs)))
  if (!fine) {
    wrong <<- wrong + 1
    cat(sprintf("  DIFFERS  %-28s ours %.10g, metafor %.10g\n", what, ours, theirs))
  }
  invisible(fine)
}

# `before`: what state() gave before the analysis
state <- function() c(wrong = wrong, compared = compared, unfitted = unfitted)

finish <- function(name, before, model) {
  moved <- state() - before
  said <- if (moved["wrong"] > 0) "DIFFERS" else if (moved["unfitted"] > 0) "in part" else "agrees "
  cat(sprintf("%-28s %s  %d numbers, %s\n", name, said, moved["compared"], model))
}

# the interval of the mean under one rule: z (Wald), knha (HKSJ) or adhoc (HKSJ floored)
interval <- function(yi, vi, method, level, test) {
  fit <- normal_fit(paste("interval by", test), yi, vi, method, level, test)
  c(fit$ci.lb, fit$ci.ub)
}

# Q as a plain sum: metafor's quadratic form loses digits where variances differ by many powers of ten
q_sum <- function(yi, vi) sum((yi - sum(yi / vi) / sum(1 / vi))^2 / vi)

# where the searches end apart, the higher likelihood is right
tau2_agrees <- function(yi, vi, method, ours, fit) {
  if (is.null(fit)) return(invisible(TRUE))
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

# the estimate, its error and interval by likelihood ratio or by Henmi and Copas; of the first
# ours are held to be where the likelihood has fallen by the quantile, metafor having no search
by_another_rule <- function(rule, fit, yi, vi, level, ours) {
  if (rule == "henmi-copas") {
    found <- hc(rma(yi, vi, method = "DL", level = 100 * level))
    same("estimate", ours["estimate"], found$beta)
    same("standard error", ours["se"], found$se)
    same("interval, lower", ours["ci_low"], found$ci.lb, 1e-4)
    same("interval, upper", ours["ci_high"], found$ci.ub, 1e-4)
    return(found$se)
  }
  same("estimate", ours["estimate"], c(fit$beta))
  same("standard error", ours["se"], fit$se)
  most <- 10 * (diff(range(yi))^2 + max(vi))
  at <- function(mu) {
    fall <- function(t) sum(log(vi + t) + (yi - mu)^2 / (vi + t))
    min(fall(0), optimize(fall, c(0, most), tol = 1e-12)$objective)
  }
  best <- optimize(at, range(yi), tol = 1e-10)$objective
  for (end in c("ci_low", "ci_high")) {
    same(paste("fall of the likelihood at", end), at(ours[[end]]) - best, qchisq(level, 1), 1e-4)
  }
  fit$se
}

# the rule `auto`: HKSJ; where tau2 is 0 or there are two trials the wider of Wald and HKSJ
chosen <- function(yi, vi, method, level, tau2) {
  if (method == "EE") return("z")
  if (tau2 > 0 && length(yi) > 2) return("knha")
  width <- sapply(c("z", "knha"), function(test) diff(interval(yi, vi, method, level, test)))
  if (width[["knha"]] > width[["z"]]) "knha" else "z"
}

# ours: named vector; NA where the report gives nothing
normal_normal <- function(name, yi, vi, method, test, prediction, level, ours) {
  before <- state()
  if (test == "auto") test <- chosen(yi, vi, method, level, ours["tau2"])
  other <- test %in% c("profile", "henmi-copas")
  fit <- normal_fit(name, yi, vi, method, level, if (other) "z" else test)
  centre <- c(fit$beta)
  if (other && !is.null(fit)) {
    se <- by_another_rule(test, fit, yi, vi, level, ours)
    if (test == "henmi-copas") centre <- sum(yi / vi) / sum(1 / vi)
  } else {
    same("estimate", ours["estimate"], centre)
    same("standard error", ours["se"], fit$se)
    same("interval, lower", ours["ci_low"], fit$ci.lb)
    same("interval, upper", ours["ci_high"], fit$ci.ub)
    se <- fit$se
  }
  tau2_agrees(yi, vi, method, ours["tau2"], fit)
  same("I2", ours["i2"], fit$I2)
  q <- q_sum(yi, vi)
  same("Q", ours["q"], q)
  same("Q, p", ours["q_p"], pchisq(q, length(yi) - 1, lower.tail = FALSE))
  if (!is.null(fit)) profile_limits(fit, level, ours)
  if (grepl("hksj", prediction)) se <- normal_fit("HKSJ variance", yi, vi, method, level, "knha")$se
  if (grepl("wald", prediction)) se <- normal_fit("Wald variance", yi, vi, method, level, "z")$se
  half <- prediction_half(prediction, length(yi), level, fit$tau2, se)
  same("prediction, lower", ours["pi_low"], centre - half)
  same("prediction, upper", ours["pi_high"], centre + half)
  three_rules(yi, vi, method, level, ours)
  finish(name, before, sprintf("%s, %s", method, test))
}

# the search ends at a step that fits the size of the variances
profile_limits <- function(fit, level, ours) {
  if (is.na(ours["tau2_high"])) return(invisible(TRUE))
  # they are those of the effects, whatever estimates tau2; metafor wants a model that has one
  if (fit$method == "EE") fit <- rma(fit$yi, fit$vi, method = "DL")
  search <- list(tol = min(1e-12, 1e-9 * ours[["tau2_high"]]),
                 tau2.max = max(1e7, 10 * ours[["tau2_high"]]), maxiter = 10000)
  profile <- fitted_or_said("Q-profile intervals", function() {
    confint(fit, level = 100 * level, control = search)
  })$random
  if (is.null(profile)) return(invisible(TRUE))
  same("tau2, lower (Q-profile)", ours["tau2_low"], profile["tau^2", "ci.lb"], 1e-4)
  same("tau2, upper (Q-profile)", ours["tau2_high"], profile["tau^2", "ci.ub"], 1e-4)
  same("I2, lower (Q-profile)", ours["i2_low"], profile["I^2(%)", "ci.lb"], 1e-4)
  same("I2, upper (Q-profile)", ours["i2_high"], profile["I^2(%)", "ci.ub"], 1e-4)
}

three_rules <- function(yi, vi, method, level, ours) {
  if (is.na(ours["wald_low"])) return(invisible(TRUE))
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
  df <- c("k-1" = k - 1, "k-2" = k - 2, "normal" = Inf, "hksj" = k - 1,
          "hksj-k-2" = k - 2, "k-1-wald" = k - 1, "k-2-wald" = k - 2, "normal-wald" = Inf)
  qt(p, df[[rule]]) * sqrt(tau2 + se^2)
}

# groups with a tau2 each
separate_groups <- function(name, yi, vi, method, group, q, p) {
  before <- state()
  known <- unique(group[group != ""])
  fits <- lapply(known, function(g) {
    normal_fit(paste("subgroup", g), yi[group == g], vi[group == g], method)
  })
  if (!any(sapply(fits, is.null))) {
    b <- sapply(fits, function(f) c(f$beta))
    w <- 1 / sapply(fits, function(f) f$se^2)
    found <- sum(w * (b - sum(w * b) / sum(w))^2)
    same("Q between groups", q, found)
    same("Q between groups, p", p, pchisq(found, length(b) - 1, lower.tail = FALSE))
  }
  finish(name, before, "groups with a tau2 each")
}

# effects that share a control arm: arms in trials, with the covariance of arms of one trial
three_levels <- function(name, yi, vi, shared, trial, level, ours) {
  before <- state()
  V <- outer(trial, trial, "==") * sqrt(outer(shared, shared))
  diag(V) <- vi
  arm <- seq_along(yi)
  by <- function(...) function() {
    rma.mv(yi, V, random = ~ 1 | trial/arm, test = "t", level = 100 * level, control = list(...))
  }
  fit <- fitted_or_said(
    name,
    by(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14),
    by(optimizer = "optim", optmethod = "BFGS", reltol = 1e-12, maxit = 10000),
    by(optimizer = "nlminb", rel.tol = 1e-12, iter.max = 10000, eval.max = 10000)
  )
  same("estimate", ours["estimate"], c(fit$beta), 1e-5)
  same("standard error", ours["se"], fit$se, 1e-5)
  same("interval, lower", ours["ci_low"], fit$ci.lb, 1e-5)
  same("interval, upper", ours["ci_high"], fit$ci.ub, 1e-5)
  if (!is.null(fit)) same("tau2", ours["tau2"], sum(fit$sigma2), 1e-4)
  same("Q", ours["q"], fit$QE)
  finish(name, before, "three levels")
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

# without variance between trials the model is a plain logistic regression
common_share <- function(xi, ni, level, ours) {
  found <- summary(glm(cbind(xi, ni - xi) ~ 1, family = binomial, epsilon = 1e-14))$coefficients
  half <- qnorm(0.5 + level / 2) * found[2]
  same("estimate", ours["estimate"], found[1])
  same("standard error", ours["se"], found[2])
  same("interval, lower", ours["ci_low"], found[1] - half)
  same("interval, upper", ours["ci_high"], found[1] + half)
}

# mean and variance a step to each side of ours
around <- function(ours) {
  step <- 0.01 * max(ours[["se"]], 1e-6)
  mean <- ours[["estimate"]]
  tau2 <- ours[["tau2"]]
  c(list(c(mean - step, tau2), c(mean + step, tau2), c(mean, (sqrt(tau2) + step)^2)),
    if (tau2 > 0) list(c(mean, max(sqrt(tau2) - step, 0)^2)))
}

proportions <- function(name, xi, ni, yi, vi, method, prediction, level, ours) {
  before <- state()
  fit <- fitted_or_said(name, function() {
    rma.glmm(measure = "PLO", xi = xi, ni = ni, method = "ML", nAGQ = 50, level = 100 * level,
             control = list(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
  })
  same("estimate", ours["estimate"], c(fit$beta), 2e-3)
  same("standard error", ours["se"], fit$se, 2e-3)
  same("interval, lower", ours["ci_low"], fit$ci.lb, 2e-3)
  same("interval, upper", ours["ci_high"], fit$ci.ub, 2e-3)
  same("tau2", ours["tau2"], fit$tau2, 2e-3)
  half <- prediction_half(prediction, length(xi), level, fit$tau2, fit$se)
  same("prediction, lower", ours["pi_low"], c(fit$beta) - half, 2e-3)
  same("prediction, upper", ours["pi_high"], c(fit$beta) + half, 2e-3)
  if (is.null(fit) && ours["tau2"] == 0) common_share(xi, ni, level, ours)
  at_ours <- binomial_normal(ours["estimate"], ours["tau2"], xi, ni)
  # without metafor's fit: no lower than a step away
  others <- if (is.null(fit)) around(ours) else list(c(c(fit$beta), fit$tau2))
  at_others <- max(sapply(others, function(at) binomial_normal(at[1], at[2], xi, ni)))
  compared <<- compared + 1
  if (at_ours < at_others - 1e-7) {
    wrong <<- wrong + 1
    cat(sprintf("  DIFFERS  likelihood: ours %.10g, %.10g elsewhere\n", at_ours, at_others))
  }
  three_rules(yi, vi, method, level, ours)
  finish(name, before, "binomial-normal")
}

one_trial <- function(name, yi, vi, level, ours) {
  before <- state()
  half <- qnorm(0.5 + level / 2) * sqrt(vi)
  same("estimate", ours["estimate"], yi)
  same("interval, lower", ours["ci_low"], yi - half)
  same("interval, upper", ours["ci_high"], yi + half)
  finish(name, before, "one trial, not pooled")
}

