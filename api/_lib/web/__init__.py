"""What every endpoint needs: requests, answers, sign-in, paging and the cron secret."""
