# What the report does of the tables of a run, as far as metafor offers it: processor seconds a part.
# Rscript like.R TABLES OUT prints part;fits made;fits of the report;seconds;fits without a result
# Where the same fit comes thousands of times a sample is timed, and its time scaled to all of them.
suppressPackageStartupMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
out <- arguments[2]
dir.create(out, showWarnings = FALSE, recursive = TRUE)
read <- function(name) {
  read.csv(file.path(arguments[1], paste0(name, ".csv")), check.names = FALSE)
}
studies <- read("studies")
studies <- studies[is.finite(studies$yi) & is.finite(studies$vi), ]
own <- split(studies, studies$analysis)
pooled <- own[vapply(own, nrow, 1L) > 1]
diagnosed <- own[names(own) %in% read("adjusted")$analysis]
SAMPLE <- 40
failed <- 0
quietly <- function(code) {
  found <- try(suppressWarnings(code), silent = TRUE)
  if (inherits(found, "try-error")) failed <<- failed + 1
  found
}
fit <- function(rows, ...) {
  rma(yi, vi, data = rows, test = "knha", control = list(maxiter = 1000), ...)
}
part <- function(name, code, fits = NA, of = fits) {
  # `fits` were made of the `of` that the report has
  failed <<- 0
  took <- sum(system.time(force(code))[c("user.self", "sys.self")])
  if (is.na(fits)) fits <- of <- ""
  else took <- took * of / fits
  cat(name, fits, of, took, failed, sep = ";", fill = TRUE)
}

part("pooled, interval of tau2, prediction", for (rows in pooled) quietly({
  one <- fit(rows)
  confint(one)
  predict(one)
}))
part("forest and funnel plots, a page", {
  page <- "<!doctype html><html><body>"
  for (name in names(own)) quietly({
    rows <- own[[name]]
    one <- fit(rows, method = if (nrow(rows) > 1) "REML" else "EE")
    svg(file.path(out, paste0(make.names(name), ".svg")), width = 9, height = 2 + 0.25 * one$k)
    forest(one, slab = label)
    dev.off()
    if (name %in% names(diagnosed)) {
      svg(file.path(out, paste0(make.names(name), ".funnel.svg")))
      funnel(one)
      dev.off()
    }
    page <- c(page, sprintf("<h2>%s</h2><img src='%s.svg'>", name, make.names(name)))
  })
  writeLines(c(page, "</body></html>"), file.path(out, "index.html"))
})
events <- Filter(function(rows) !anyNA(rows[c("events_t", "events_c", "n_t", "n_c")]), pooled)
part("Mantel-Haenszel, Peto", for (rows in events) {
  quietly(rma.mh(ai = events_t, n1i = n_t, ci = events_c, n2i = n_c, data = rows, measure = "RR"))
  quietly(rma.peto(ai = events_t, n1i = n_t, ci = events_c, n2i = n_c, data = rows))
})
part("other choices", {
  other <- read("sensitivity")
  for (name in other$analysis[which(other$k > 1)]) quietly(fit(own[[name]]))
}, sum(other$k > 1, na.rm = TRUE))
part("subgroups, test between them", {
  for (asked in split(read("splits"), seq_len(nrow(read("splits"))))) {
    rows <- own[[asked$analysis]]
    rows$group <- as.character(rows[[asked$split]])
    quietly(fit(rows, mods = ~ factor(group)))
    for (group in split(rows, rows$group)) if (nrow(group) > 1) quietly(fit(group))
  }
})
part("leave-one-out, influence, cumulative", for (rows in diagnosed) {
  one <- quietly(fit(rows))
  quietly(leave1out(one))
  quietly(influence(one))
  quietly(cumul(one, order = year))
})
part("Egger, PET-PEESE, trim and fill", for (rows in diagnosed) {
  one <- quietly(fit(rows))
  quietly(regtest(one, model = "lm"))
  quietly(rma(yi, vi, mods = ~ sqrt(vi), data = rows))
  quietly(rma(yi, vi, mods = ~ vi, data = rows))
  quietly(trimfill(one))
})
part("selection models", for (rows in diagnosed) for (steps in list(0.025, c(0.025, 0.5))) {
  side <- if (mean(rows$yi) > 0) "greater" else "less"
  quietly(selmodel(rma(yi, vi, data = rows, method = "ML"), "stepfun", side, steps = steps))
})

# moderators: a regression each, and its permutations
asked <- read("regressions")
asked <- asked[is.finite(asked$arrangements), ]
known <- read("moderated")
tried <- min(SAMPLE, asked$arrangements)
regressions <- lapply(seq_len(nrow(asked)), function(i) {
  name <- asked$analysis[i]
  told <- known[known$analysis == name & known$moderator == asked$model[i], ]
  rows <- merge(own[[name]], told[c("trial_id", "number", "level")], by = "trial_id")
  rows$x <- if (all(is.na(rows$number))) factor(rows$level) else rows$number
  rows
})
fits <- list()
part("meta-regressions", {
  fits <- lapply(regressions, function(rows) quietly(fit(rows, mods = ~ x)))
}, length(regressions))
made <- Filter(function(one) inherits(one, "rma"), fits)
part("permutations of moderators", for (one in made) {
  quietly(permutest(one, exact = FALSE, iter = SAMPLE, progbar = FALSE))
}, SAMPLE * length(made), sum(asked$arrangements))
subsets <- read("subsets")
subsets <- subsets[!duplicated(subsets$analysis), ]
part("subsets of trials (GOSH)", for (name in subsets$analysis) {
  quietly(gosh(fit(own[[name]]), subsets = SAMPLE, progbar = FALSE))
}, SAMPLE * nrow(subsets), sum(subsets$subsets))
# every specification: sets of effects, each by every estimator and rule
tests <- c(auto = "knha", wald = "z", hksj = "knha", "hksj-adhoc" = "adhoc")
sets <- read("multiverse")
choices <- read("choices")
count <- function(name, dimension) {
  found <- choices$options[choices$analysis == name & choices$dimension == dimension]
  if (length(found)) strsplit(found[1], ";")[[1]] else character()
}
combined <- do.call(rbind, lapply(seq_len(nrow(sets)), function(i) {
  name <- sets$analysis[i]
  tau2 <- count(name, "estimator or prior of tau\u00b2")
  tau2 <- tau2[!startsWith(tau2, "prior ")]  # metafor has no priors
  rules <- count(name, "rule of the interval")
  each <- expand.grid(name = name, tau2 = tau2, rule = rules, stringsAsFactors = FALSE)
  if (nrow(each)) cbind(each, sets = sets$sets[i]) else NULL
}))
part("every specification, equal sets once", for (i in seq_len(nrow(combined))) {
  rows <- own[[combined$name[i]]]
  quietly(rma(rows$yi, rows$vi, method = combined$tau2[i], test = tests[[combined$rule[i]]]))
}, nrow(combined), sum(combined$sets))
