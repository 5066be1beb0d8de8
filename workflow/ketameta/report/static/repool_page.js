"use strict";
/* The controls of pooling anew on the page of an analysis; without them the page is complete. */
