# The only activity. It shows one screen at a time and passes Back on to it.
.class public final Lcom/example/todo/MainActivity;
.super Landroid/app/Activity;

.field private screen:Lcom/example/todo/Screen;

.method public constructor <init>()V
    .registers 1
    invoke-direct {p0}, Landroid/app/Activity;-><init>()V
    return-void
.end method

# Onboarding on the first start, then the login, and the list for whoever is logged in.
.method protected onCreate(Landroid/os/Bundle;)V
    .registers 5
    invoke-super {p0, p1}, Landroid/app/Activity;->onCreate(Landroid/os/Bundle;)V
    new-instance v0, Lcom/example/todo/Store;
    invoke-direct {v0, p0}, Lcom/example/todo/Store;-><init>(Landroid/content/Context;)V

    invoke-virtual {v0}, Lcom/example/todo/Store;->isOnboarded()Z
    move-result v1
    if-nez v1, :onboarded
    new-instance v1, Lcom/example/todo/OnboardingScreen;
    const/4 v2, 0x1
    invoke-direct {v1, p0, v0, v2}, Lcom/example/todo/OnboardingScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;I)V
    invoke-virtual {p0, v1}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void

    :onboarded
    invoke-virtual {v0}, Lcom/example/todo/Store;->user()Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v1}, Ljava/lang/String;->isEmpty()Z
    move-result v1
    if-eqz v1, :logged_in
    new-instance v1, Lcom/example/todo/LoginScreen;
    invoke-direct {v1, p0, v0}, Lcom/example/todo/LoginScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    invoke-virtual {p0, v1}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void

    :logged_in
    new-instance v1, Lcom/example/todo/ListScreen;
    invoke-direct {v1, p0, v0}, Lcom/example/todo/ListScreen;-><init>(Lcom/example/todo/MainActivity;Lcom/example/todo/Store;)V
    invoke-virtual {p0, v1}, Lcom/example/todo/MainActivity;->show(Lcom/example/todo/Screen;)V
    return-void
.end method

.method public show(Lcom/example/todo/Screen;)V
    .registers 3
    iput-object p1, p0, Lcom/example/todo/MainActivity;->screen:Lcom/example/todo/Screen;
    invoke-virtual {p1}, Lcom/example/todo/Screen;->layout()I
    move-result v0
    invoke-virtual {p0, v0}, Lcom/example/todo/MainActivity;->setContentView(I)V
    invoke-virtual {p1}, Lcom/example/todo/Screen;->shown()V
    return-void
.end method

.method public onBackPressed()V
    .registers 2
    iget-object v0, p0, Lcom/example/todo/MainActivity;->screen:Lcom/example/todo/Screen;
    invoke-virtual {v0}, Lcom/example/todo/Screen;->back()V
    return-void
.end method
