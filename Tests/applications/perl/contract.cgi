#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The contract as a CGI script, for fcgiwrap.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Contract;

binmode STDIN;
binmode STDOUT;
Contract::answer();
