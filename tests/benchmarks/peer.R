# What one would write by hand: every analysis by metafor, a forest plot each, one page.
# Rscript peer.R STUDIES.csv OUT
suppressPackageStartupMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
studies <- read.csv(arguments[1], check.names = FALSE)
out <- arguments[2]
dir.create(out, showWarnings = FALSE, recursive = TRUE)
page <- "<!doctype html><html><body>"
for (name in unique(studies$analysis)) {
  rows <- studies[studies$analysis == name, ]
  fit <- rma(rows$yi, rows$vi, method = if (nrow(rows) > 1) "REML" else "EE", test = "knha")
  text <- sprintf("k = %d, estimate %.4f (%.4f to %.4f)", fit$k, fit$beta, fit$ci.lb, fit$ci.ub)
  if (fit$k > 1) {
    spread <- confint(fit)$random
    text <- sprintf("%s, tau2 %.4f (%.4f to %.4f)", text, spread[1, 1], spread[1, 2], spread[1, 3])
  }
  svg(file.path(out, paste0(name, ".svg")), width = 9, height = 2 + 0.25 * fit$k)
  forest(fit, slab = rows$label)
  dev.off()
  page <- c(page, sprintf("<h2>%s</h2><p>%s</p><img src='%s.svg'>", name, text, name))
}
writeLines(c(page, "</body></html>"), file.path(out, "index.html"))
