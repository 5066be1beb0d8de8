# The models of models.py by packages of R: Rscript models.R FOLDER
# prints name;processor seconds of a fit;the estimates that models.py compares
suppressPackageStartupMessages({
  library(metafor)
  robust <- requireNamespace("clubSandwich", quietly = TRUE)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) {
  path <- file.path(folder, paste0(name, ".csv"))
  if (file.exists(path)) as.matrix(read.csv(path, header = FALSE)) else NULL
}
took <- function(run) {  # as many runs as fill a second, two at least
  run()
  n <- 0
  start <- proc.time()
  repeat {
    run()
    n <- n + 1
    now <- sum((proc.time() - start)[c("user.self", "sys.self")])
    if (n > 1 && now > 1) return(now / n)
  }
}
tell <- function(name, run) {
  found <- try(suppressWarnings(run()), silent = TRUE)
  if (inherits(found, "try-error")) return(invisible())
  cat(name, suppressWarnings(took(run)), sprintf("%.12g", found), sep = ";")
  cat("\n")
}

course <- function(name) function() {
  rows <- data.frame(y = read(paste0(name, "_y"))[, 1], trial = read(paste0(name, "_trial"))[, 1])
  rows$id <- seq_len(nrow(rows))
  V <- read(paste0(name, "_V"))
  X <- read(paste0(name, "_X"))
  function() {
    fit <- rma.mv(y, V, mods = ~ 0 + X, random = ~ 1 | trial / id, data = rows)
    se <- fit$se
    if (robust) se <- clubSandwich::coef_test(fit, vcov = "CR2", cluster = rows$trial)$SE
    c(fit$beta, if (robust) se)
  }
}
for (name in c("course", "course_large")) tell(name, course(name)())

schools <- read("schools")
colnames(schools) <- c("y", "v", "district", "school")
schools <- as.data.frame(schools)
tell("levels", function() {
  rma.mv(y, v, random = ~ 1 | district / school, data = schools)$beta
})

berkey <- as.data.frame(read("berkey"))
colnames(berkey) <- c("y", "trial", "outcome")
within <- read("berkey_V")
tell("outcomes", function() {
  rma.mv(y, within, mods = ~ 0 + factor(outcome), random = ~ factor(outcome) | trial,
    struct = "UN", data = berkey)$beta
})

senn <- as.data.frame(read("network"))
colnames(senn) <- c("y", "trial", "inner")
contrasts <- read("network_V")
treated <- read("network_X")
tell("network", function() {
  rma.mv(y, contrasts, mods = ~ 0 + treated, random = ~ factor(inner) | trial, struct = "CS",
    rho = 0.5, data = senn)$beta
})

cells <- as.data.frame(read("counts"))
colnames(cells) <- c("ai", "n1i", "ci", "n2i")
for (model in c("UM.FS", "UM.RS", "CM.EL")) tell(model, function() {
  # CM.EL: the same sums of the hypergeometric as models.py, without another package
  control <- if (model == "CM.EL") list(dnchgcalc = "dnoncenhypergeom") else list()
  rma.glmm(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = cells, model = model,
    nAGQ = if (model == "UM.RS") 1 else 25, control = control)$beta
})

one <- as.data.frame(read("effects"))
colnames(one) <- c("y", "v", "x")
# no package for this prior is at hand: integrate() and uniroot(), as one would write it
tell("bayes", function() {
  y <- one$y
  v <- one$v
  joint <- Vectorize(function(tau) {
    w <- 1 / (v + tau^2)
    mean <- sum(w * y) / sum(w)
    exp(-0.5 * (sum(w * (y - mean)^2) - sum(log(w)) + log(sum(w))) - tau^2 / (2 * 0.5^2))
  })
  scale <- integrate(joint, 0, Inf, rel.tol = 1e-9)$value
  below <- function(at) integrate(function(tau) {
    total <- sapply(tau, function(t) sum(1 / (v + t^2)))
    mean <- sapply(tau, function(t) sum(y / (v + t^2))) / total
    joint(tau) / scale * pnorm((at - mean) * sqrt(total))
  }, 0, Inf, rel.tol = 1e-9)$value
  ends <- range(y) + c(-3, 3) * sqrt(max(v))
  sapply(c(0.5, 0.025, 0.975), function(p) {
    uniroot(function(at) below(at) - p, ends, tol = 1e-9)$root
  })[1]
})

plain <- rma(y, v, data = one, test = "knha")
tell("signs", function() {
  permutest(plain, exact = FALSE, iter = 1000, progbar = FALSE)
  plain$zval
})
moderated <- rma(y, v, mods = ~ x, data = one, test = "knha")
tell("orders", function() {
  permutest(moderated, exact = FALSE, iter = 1000, progbar = FALSE)
  moderated$zval[2]
})
